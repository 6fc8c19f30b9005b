import type { MemoryFigure, SoakFigures } from './figures.ts'

const MIB = 1024 * 1024
const whole = (value: number): string => Math.round(value).toLocaleString('en')
const ms = (value: number): string => `${value.toLocaleString('en', { maximumFractionDigits: 1 })} ms`
const share = (value: number): string => `${Math.round(100 * value)} %`
const percent = (value: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toLocaleString('en', { maximumFractionDigits: 1 })} %`
const memory = ({ mean, rise }: MemoryFigure): string => `${whole(mean / MIB)} MiB, ${percent(rise)}`

/** What a run came to, for people: a figure, and what it is to be. */
export function rowsOf(figures: SoakFigures): readonly (readonly [name: string, value: string, target: string])[] {
  const { sockets, spaces, seconds, writes, writesPerSecond, writesPerSecondAsked, cut, seen, herd } = figures
  const { frames, hints, pulls, failures, busy } = figures
  return [
    ['sockets, each a subscriber', `${whole(sockets)} over ${whole(spaces)} spaces`, ''],
    ['written for', `${whole(seconds)} s`, ''],
    ['writes', `${whole(writes)}, ${whole(writesPerSecond)} a second`, `${whole(writesPerSecondAsked)} a second`],
    ['pushes refused for good', whole(failures.length), '0'],
    ['sockets cut on the way', whole(cut), ''],
    ['frames, hints, pulls', `${whole(frames)}, ${whole(hints)}, ${whole(pulls)}`, ''],
    ['subscribers equal to the server at the end', `${whole(figures.equal)} of ${whole(sockets)}`, 'all'],
    ['write to seen, p50', ms(seen.p50), ''],
    ['write to seen, p95', ms(seen.p95), ''],
    ['write to seen, p99', ms(seen.p99), ''],
    ['processor time of the server, and of its clients', `${share(busy.server)}, ${share(busy.clients)} of a core`, ''],
    ['resident memory of the server, mean and rise', memory(figures.rss), 'below 5 %'],
    ['JavaScript heap in use, mean and rise', memory(figures.heap), 'below 5 %'],
    ['sockets cut at once', whole(herd.cut), ''],
    ['until all were back and equal', `${(herd.ms / 1000).toFixed(1)} s`, 'within 30 s'],
    ['equal then', `${whole(herd.equal)} of ${whole(sockets)}`, 'all'],
  ]
}

export function textOf(figures: SoakFigures): string {
  const rows = rowsOf(figures)
  const [first, second] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map(([name, value, target]) =>
    `${name.padEnd(first ?? 0)}  ${value.padEnd(second ?? 0)}  ${target}`.trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** On what it ran. */
export interface Origin {
  readonly date: string
  readonly commit: string
  readonly node: string
  readonly cores: number
  readonly memoryGiB: number
  /** How many processes wanted a core before the run, on average over some minutes. */
  readonly load: number
}

/** The same as Markdown, for a document. */
export const sectionOf = (
  figures: SoakFigures,
  { date, commit, node, cores, memoryGiB, load }: Origin,
): readonly string[] => [
  `Commit ${commit}, on ${date}: Node ${node}, ${cores} cores and ${memoryGiB} GiB of memory for the server and all its clients.` +
    ` What else ran there had wanted ${load.toFixed(1)} cores before.`,
  '',
  '| figure | measured | target |',
  '|---|--:|--:|',
  ...rowsOf(figures).map((cells) => `| ${cells.join(' | ')} |`),
]
