import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

/** A package as npm would get it. */
export interface PackedPackage {
  readonly name: string
  /** Where it is made, from the root: `packages/engine`. */
  readonly folder: string
  readonly tarball: string
}

/** What one `vitest run --mode packed` makes at its start, for all its tests. */
export interface Packed {
  readonly packages: readonly PackedPackage[]
  /** A project outside the workspace into which all of them are installed. */
  readonly project: string
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly engines: { readonly node: string }
}

const ROOT = join(import.meta.dirname, '../..')
const BOOT = join(ROOT, 'tools/boot.mjs')

export const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Builds and packs everything that is published. pnpm, since npm leaves `workspace:` and `publishConfig.exports` as they are. */
export async function packInto(folder: string): Promise<PackedPackage[]> {
  const all = ['--filter', './packages/*']
  await run(process.execPath, [BOOT, 'turbo', 'run', 'build', ...all, '--output-logs=errors-only'], { cwd: ROOT })
  await run(process.execPath, [BOOT, 'pnpm', '-r', ...all, 'pack', '--pack-destination', folder], { cwd: ROOT })
  return readdirSync(join(ROOT, 'packages')).flatMap((one) => {
    const { name, version, private: isPrivate } = manifestIn(join(ROOT, 'packages', one))
    const tarball = join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
    return isPrivate === true ? [] : [{ name, folder: `packages/${one}`, tarball }]
  })
}

/**
 * Makes a folder a project that depends on these packages, and installs them. What they need of `others` comes from there too,
 * without the project depending on it: those versions may not be in any registry yet.
 */
export async function install(
  folder: string,
  packages: readonly PackedPackage[],
  { others = [], npm = {} }: { others?: readonly PackedPackage[]; npm?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { ...filesOf(packages), ...npm },
    overrides: filesOf(others),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder })
}

const filesOf = (packages: readonly PackedPackage[]): Record<string, string> =>
  Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]))
