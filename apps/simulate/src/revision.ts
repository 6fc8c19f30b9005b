import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
const SCOPE = '@whisker/'

/** What was run: the sources that a simulation executes, and the commit that holds them. */
export interface Revision {
  /** A hash of the sources. As long as it stays the same, a seed need not be run again, whatever is committed. */
  readonly sources: string
  /** Undefined outside of a git repository. */
  readonly commit: string | undefined
  /** Whether the sources are not all as that commit has them. */
  readonly hasChanges: boolean
}

export function currentRevision(): Revision {
  const folders = foldersFrom('simulator')
  const commit = git('rev-parse', 'HEAD')
  const changes = git('status', '--porcelain', '--', ...folders, ':(exclude,glob)**/*.test.ts')
  return { sources: hashOf(folders), commit, hasChanges: changes !== '' }
}

/** `61b02d877cba`, or `61b02d877cba and changes` */
export const nameOf = ({ commit, hasChanges }: Revision): string =>
  `${commit?.slice(0, 12) ?? 'no commit'}${commit !== undefined && hasChanges ? ' and changes' : ''}`

/** The sources of a package, and of all that it runs on. */
function foldersFrom(name: string): readonly string[] {
  const found = new Set<string>([name])
  for (const one of found) {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', one, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>
    }
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      if (dependency.startsWith(SCOPE)) found.add(dependency.slice(SCOPE.length))
    }
  }
  return [...found].toSorted().map((one) => `packages/${one}/src`)
}

function hashOf(folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const files = globSync('**/*.ts', { cwd: join(ROOT, folder), exclude: ['**/*.test.ts', 'testing/**'] })
    for (const file of files.toSorted()) {
      const path = `${folder}/${file}`
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(ROOT, path)))
        .update('\0')
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** What git says, without the newline at the end; undefined if it cannot tell. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trimEnd()
  } catch {
    return undefined
  }
}
