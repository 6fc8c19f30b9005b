/** A document with what stands between `<!-- name -->` and `<!-- /name -->` replaced. */
export function withSection(document: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [document.indexOf(begin), document.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`The document is expected to hold ${begin} and, after it, ${end}.`)
  return `${document.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${document.slice(to)}`
}
