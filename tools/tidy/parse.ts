import { posix } from 'node:path'
import { parseSync, type ParseResult } from 'oxc-parser'
import type { Tree } from './tree.ts'

export interface Import {
  readonly specifier: string
  readonly line: number
}

const parsed = new Map<string, ParseResult>()

/** The file's syntax tree; one that does not parse is left to the compiler. */
export function parse(path: string, text: string): ParseResult {
  const key = `${path}\0${text}`
  const result = parsed.get(key) ?? parseSync(path, text)
  parsed.set(key, result)
  return result
}

/** Everything the file imports or re-exports, types too. */
export function importsOf(path: string, text: string): Import[] {
  const { staticImports, staticExports, dynamicImports } = parse(path, text).module
  const found = [
    ...staticImports.map((one) => [one.moduleRequest.value, one.start] as const),
    ...staticExports.flatMap((one) =>
      one.entries.flatMap((entry) => (entry.moduleRequest ? [[entry.moduleRequest.value, one.start] as const] : [])),
    ),
    ...dynamicImports.flatMap((one) => {
      const literal = /^(['"`])([^'"`$]+)\1$/.exec(text.slice(one.moduleRequest.start, one.moduleRequest.end))
      return literal?.[2] ? [[literal[2], one.start] as const] : []
    }),
  ]
  return found.map(([specifier, offset]) => ({ specifier, line: lineAt(text, offset) }))
}

/** The files of the tree that a file imports by relative path. */
export const relativeImportsOf = (tree: Tree, path: string): string[] =>
  importsOf(path, tree.read(path))
    .map((one) => one.specifier)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolveFrom(path, specifier))
    .filter((target) => tree.has(target))

export const resolveFrom = (path: string, specifier: string): string =>
  posix.normalize(posix.join(posix.dirname(path), specifier))

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length
