import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a repository by their paths from its root, with `/` between. */
export interface Tree {
  readonly paths: readonly string[]
  /** Whether there is a file or a folder of this path. */
  has(path: string): boolean
  read(path: string): string
}

export const ROOT = join(import.meta.dirname, '../..')

/** What git tracks, and what it would on the next `git add`. */
export function workingTree(): Tree {
  const listing = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  const paths = [...new Set(listing.split('\0'))].filter((path) => path !== '' && existsSync(join(ROOT, path)))
  return treeOf(paths, (path) => readFileSync(join(ROOT, path), 'utf8'))
}

/** A tree that exists only here: a fixture for the rules. */
export function treeWith(files: Readonly<Record<string, string>>): Tree {
  return treeOf(Object.keys(files), (path) => files[path] ?? '')
}

function treeOf(listed: readonly string[], load: (path: string) => string): Tree {
  const paths = listed.toSorted()
  const known = new Set(paths)
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) known.add(path.slice(0, end))
  }
  const texts = new Map<string, string>()
  return {
    paths,
    has: (path) => known.has(path),
    read(path) {
      const text = texts.get(path) ?? load(path)
      texts.set(path, text)
      return text
    },
  }
}

export const isCode = (path: string): boolean => /\.(ts|tsx|mts|js|mjs)$/.test(path)
/** Tests, and what only tests use: neither is published. */
export const isTest = (path: string): boolean => /\.(test|bench)\.tsx?$|(^|\/)(test|testing|fixtures)\//.test(path)

/** `packages/engine/src/a.ts` → `packages/engine`; undefined for what belongs to no package. */
export const packageOf = (path: string): string | undefined => /^(?:packages|apps)\/[^/]+/.exec(path)?.[0]

/** The folders of the packages and apps that are there. */
export const packagesOf = (tree: Tree): string[] => [
  ...new Set(tree.paths.map(packageOf).filter((folder) => folder !== undefined)),
]
