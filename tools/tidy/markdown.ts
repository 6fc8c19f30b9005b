/** The text with its fenced blocks blanked, line for line. */
export function withoutFences(text: string): string {
  return blocksOf(text).reduce((rest, block) => blanked(rest, block.from, block.to), text)
}

export interface Block {
  readonly language: string
  /** Lines, from 0: of the opening fence, and of the closing one. */
  readonly from: number
  readonly to: number
}

/** The fenced blocks of a Markdown text. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open: { fence: string; language: string; from: number } | undefined
  for (const [at, line] of text.split('\n').entries()) {
    const [, fence = '', language = ''] = /^\s*(`{3,}|~{3,})\s*(\w*)/.exec(line) ?? []
    if (fence === '') continue
    if (!open) open = { fence, language, from: at }
    else if (fence.startsWith(open.fence) && language === '') {
      blocks.push({ language: open.language, from: open.from, to: at })
      open = undefined
    }
  }
  return blocks
}

function blanked(text: string, from: number, to: number): string {
  return text
    .split('\n')
    .map((line, at) => (at >= from && at <= to ? '' : line))
    .join('\n')
}
