import { stripVTControlCharacters } from 'node:util'
import picocolors from 'picocolors'
import { type Followed, followProgress } from './progress.ts'

export type Name = 'laptop' | 'tablet' | 'phone' | 'server'

/** Where the story is told: a terminal, a file, or nowhere when only the facts are asked for. */
export interface Audience {
  readonly write: (text: string) => void
  /** A terminal's stream, on which bars can be redrawn. */
  readonly terminal?: NodeJS.WriteStream | undefined
}

// A pipe has no width, and some terminals say 0.
const WIDTH = Math.min(process.stdout.columns || 100, 100)
const inColour = picocolors.isColorSupported && (process.stdout.isTTY || 'FORCE_COLOR' in process.env)
const { bold, dim, green, red, cyan, magenta, blue, yellow } = picocolors.createColors(inColour)
const COLOURS = { laptop: cyan, tablet: magenta, phone: blue, server: yellow }

export class Telling {
  readonly #audience: Audience
  #acts = 0
  #isWithinAct = false

  constructor(audience: Audience) {
    this.#audience = audience
  }

  title(title: string, lines: readonly string[]): void {
    this.gap()
    this.#line(`  ${bold(title)}`)
    this.gap()
    for (const line of lines) this.#line(`  ${line}`)
  }

  act(title: string): void {
    this.gap()
    this.#line(`${bold(` ${++this.#acts}  ${title} `)}${dim('─'.repeat(Math.max(0, WIDTH - title.length - 6)))}`)
    this.gap()
    this.#isWithinAct = false
  }

  /** A sentence of the story. */
  say(text: string): void {
    this.#line(`    ${text}`)
  }

  /** What a heading of a scene says, with its aside. */
  scene(text: string, aside = ''): void {
    if (this.#isWithinAct) this.gap()
    this.#line(`    ${bold(text)}${aside && dim(`  ${aside}`)}`)
  }

  /** What one of the cast does or holds. */
  does(name: Name, what: string): void {
    this.#line(`    ${this.who(name)}  ${what}`)
  }

  good(text: string): void {
    this.#line(`    ${green('✓')} ${text}`)
  }

  bad(text: string): void {
    this.#line(`    ${red('✗')} ${text}`)
  }

  gap(): void {
    this.#audience.write('\n')
  }

  end(isGood: boolean, text: string): void {
    this.gap()
    this.#line(`  ${isGood ? green(bold('✓')) : red(bold('✗'))} ${bold(text)}`)
    this.gap()
  }

  who(name: Name): string {
    return COLOURS[name](name.padEnd(6))
  }

  /** Bars, or a line each where nothing can be redrawn, for as long as `work` takes. */
  async withProgress<T>(followed: readonly Followed[], work: () => Promise<T>): Promise<T> {
    const { write, terminal } = this.#audience
    const label = ({ device, phase }: Followed): string =>
      `    ${this.who(device.name as Name)}  ${phase === 'push' ? 'sends   ' : 'receives'}`
    const end = followProgress(followed, { write, terminal, label })
    try {
      return await work()
    } finally {
      end()
    }
  }

  #line(text: string): void {
    this.#isWithinAct = true
    this.#audience.write(`${text.split('\n').map(wrapped).join('\n')}\n`)
  }
}

/** Breaks a line that is too long at its spaces, and goes on under its text. */
function wrapped(text: string): string {
  if (lengthOf(text) <= WIDTH) return text
  const [first = '', ...words] = text.split(/(?<=\S) (?=\S)/)
  const indent = /^\s*/.exec(text)?.[0] ?? ''
  const lines = [first]
  for (const word of words) {
    const longer = `${lines.at(-1) ?? ''} ${word}`
    if (lengthOf(longer) > WIDTH) lines.push(indent + word)
    else lines[lines.length - 1] = longer
  }
  return lines.join('\n')
}

const lengthOf = (text: string): number => stripVTControlCharacters(text).length

export const emphasis = (text: string): string => bold(text)
export const aside = (text: string): string => dim(text)
export const quoted = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.map(quoted).join(', ')
  return typeof value === 'string' ? `“${value}”` : JSON.stringify(value)
}

export const plural = (count: number, one: string): string => `${number(count)} ${one}${count === 1 ? '' : 's'}`
export const number = (count: number): string => count.toLocaleString('en')
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
export const bytes = (count: number): string => {
  if (count < 1000) return `${count} B`
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`
}
