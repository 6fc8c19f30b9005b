/** The report's code alone: without what it says of comments, and without imports that only private parts need. */
export function tidied(report: string): string {
  const code = /```ts\n([^]*)```/.exec(report)?.[1] ?? ''
  const lines = code
    .split('\n')
    .filter((line) => !/^\s*\/\/ (@\w+|\(undocumented\)|\(No @packageDocumentation)/.test(line))
  const isNeeded = (line: string): boolean => {
    const name = /^import (?:type )?\{ (?:\w+ as )?(\w+) \}/.exec(line)?.[1]
    return name === undefined || lines.some((other) => other !== line && new RegExp(`\\b${name}\\b`).test(other))
  }
  return `\`\`\`ts\n${lines.filter(isNeeded).join('\n').trim()}\n\`\`\`\n`
}
