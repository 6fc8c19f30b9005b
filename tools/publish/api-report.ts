import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { tidied } from './api-text.ts'
import { manifestIn } from './packed.ts'

/** All that a package shows, in an order of its own, without comments: what a reviewer has to agree to. Throws if it does not compile. */
export function apiOf(installed: string): string {
  const { name, exports } = manifestIn(installed)
  const entries = Object.entries(exports).flatMap(([subpath, target]) =>
    declarationsIn(target).map((file) => `## ${name}${subpath.slice(1)}\n\n${reportOf(installed, file, name)}`),
  )
  return entries.join('\n')
}

/** The declaration files of an entry, under whatever conditions. */
function declarationsIn(target: unknown): string[] {
  if (typeof target !== 'object' || target === null) return []
  const found = Object.entries(target).flatMap(([condition, file]) =>
    condition === 'types' ? [String(file)] : declarationsIn(file),
  )
  return [...new Set(found)]
}

function reportOf(installed: string, file: string, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-api-'))
  const entry = join(installed, file)
  try {
    const config = ExtractorConfig.prepare({
      configObject: {
        projectFolder: installed,
        mainEntryPointFilePath: entry,
        // What its entries share is in files that are named by their contents.
        bundledPackages: [name],
        compiler: {
          overrideTsconfig: { compilerOptions: ABOUT_NODE.has(name) ? WITH_NODE : COMPILER, files: [entry] },
        },
        apiReport: {
          enabled: true,
          reportFileName: 'report',
          reportFolder: folder,
          reportTempFolder: join(folder, 'temp'),
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
          extractorMessageReporting: {
            default: { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
            'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
            'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          },
          tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        },
      },
      configObjectFullPath: undefined,
      packageJsonFullPath: join(installed, 'package.json'),
    })
    const faults: string[] = []
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel === ExtractorLogLevel.Error) faults.push(message.formatMessageWithLocation(installed))
        message.handled = true
      },
    })
    if (faults.length > 0) throw new Error(`The declarations do not stand alone:\n${faults.join('\n')}`)
    return tidied(readFileSync(join(folder, 'report.api.md'), 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const COMPILER = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  types: [],
  strict: true,
}

/** Packages that show types of Node, because these are what they are about; who uses one has `@types/node`. */
const ABOUT_NODE: ReadonlySet<string> = new Set(['@whisker/sqlite-file'])
const WITH_NODE = { ...COMPILER, types: ['node'], typeRoots: [join(import.meta.dirname, '../node_modules/@types')] }
