import { isBuiltin } from 'node:module'
import { importsOf, relativeImportsOf } from './parse.ts'
import { isCode, isTest, type Tree } from './tree.ts'

export interface Portable {
  readonly all: readonly string[]
  readonly entry: readonly string[]
}

/** Imports of Node's own modules in what has to run everywhere. */
export function nodeImports(tree: Tree, portable: Portable): string[] {
  const sources = tree.paths.filter((path) => isCode(path) && !isTest(path))
  const everywhere = new Set([
    ...sources.filter((path) => portable.all.some((name) => path.startsWith(`packages/${name}/src/`))),
    ...portable.entry.flatMap((name) => reachedFrom(tree, `packages/${name}/src/index.ts`)),
  ])
  return [...everywhere].flatMap((path) =>
    importsOf(path, tree.read(path))
      .filter(({ specifier }) => isBuiltin(specifier))
      .map(({ specifier, line }) => `${path}:${line}: ${specifier} is Node's alone`),
  )
}

function reachedFrom(tree: Tree, entry: string): string[] {
  const reached = new Set(tree.has(entry) ? [entry] : [])
  for (const path of reached) for (const target of relativeImportsOf(tree, path)) reached.add(target)
  return [...reached].filter(isCode)
}
