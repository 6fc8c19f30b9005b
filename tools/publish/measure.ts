import { existsSync, readFileSync } from 'node:fs'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Plugin, type Rolldown, build } from 'vite'

export interface Bundle {
  /** Minified and gzipped. */
  readonly gzipBytes: number
  /** What went into it, the largest first. */
  readonly parts: readonly Part[]
}

export interface Part {
  readonly source: string
  /** Minified, before it is compressed. */
  readonly bytes: number
}

export interface BundleOptions {
  /** Where the packages are installed that the code imports. */
  readonly project: string
  /** The one package to bundle, all others left out; without it everything but Node's own modules. */
  readonly only?: string | undefined
}

/** What Vite makes of this code. */
export async function bundle(code: string, { project, only }: BundleOptions): Promise<Bundle> {
  const entry = join(project, 'entry.mjs')
  const built = await build({
    root: project,
    configFile: false,
    logLevel: 'silent',
    plugins: [entryOf(entry, code), mapped],
    build: {
      write: false,
      modulePreload: false,
      sourcemap: 'hidden',
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: 'strict',
        external: (id) => id.startsWith('node:') || (only !== undefined && isPackage(id) && id !== only),
        output: { codeSplitting: false },
        onLog(_level, log) {
          throw new Error(log.message)
        },
      },
    },
  })
  const { output } = [built].flat()[0] as Rolldown.RolldownOutput
  const [chunk] = output
  return {
    gzipBytes: gzipSync(chunk.code, { level: 9 }).length,
    parts: partsOf(chunk.code, chunk.map as unknown as SourceMapPayload),
  }
}

const isPackage = (id: string): boolean => !isAbsolute(id) && !id.startsWith('.')

const entryOf = (path: string, code: string): Plugin => ({
  name: 'entry',
  resolveId: (id) => (id === path ? id : null),
  load: (id) => (id === path ? code : null),
})

/** Hands on the maps of built packages, so that parts are the files that somebody can make smaller. */
const mapped: Plugin = {
  name: 'mapped',
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : null,
}

function partsOf(code: string, map: SourceMapPayload): Part[] {
  const sourceMap = new SourceMap(map)
  const bytes = new Map<string, number>()
  for (const [line, text] of code.split('\n').entries()) {
    for (let column = 0; column < text.length; column++) {
      const { originalSource } = sourceMap.findEntry(line, column) as { originalSource?: string }
      const source = originalSource === undefined ? 'of the bundler' : shortened(originalSource)
      bytes.set(source, (bytes.get(source) ?? 0) + 1)
    }
  }
  return [...bytes].map(([source, count]) => ({ source, bytes: count })).sort((a, b) => b.bytes - a.bytes)
}

const shortened = (source: string): string => source.replace(/^.*\/node_modules\//, '')
