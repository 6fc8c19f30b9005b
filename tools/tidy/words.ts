import { Visitor } from 'oxc-parser'
import { lineAt, parse } from './parse.ts'
import { isCode, type Tree } from './tree.ts'

const LEFT_BEHIND = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(?:ignore|nocheck)/

/** What no source holds: a type that says nothing, an export of everything, a silenced compiler, a note to finish later. */
export function unwantedWords(tree: Tree): string[] {
  return tree.paths.filter(isCode).flatMap((path) => {
    const text = tree.read(path)
    const found: string[] = []
    const report = (what: string, node: { start: number }) => found.push(`${path}:${lineAt(text, node.start)}: ${what}`)
    const { program, comments } = parse(path, text)
    new Visitor({
      TSAnyKeyword: (node) => report('any', node),
      ExportAllDeclaration: (node) => report('export *', node),
    }).visit(program)
    for (const comment of comments) {
      const word = LEFT_BEHIND.exec(comment.value)?.[0]
      if (word !== undefined) report(word, comment)
    }
    return found
  })
}
