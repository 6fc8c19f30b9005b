/**
 * What is measured, as the text format of Prometheus, version 0.0.4, tells it. Names, helps and label values are words
 * of this code, never what anybody wrote: nothing in them has to be escaped.
 */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Metric {
  /** Whole lines. */
  text(): string
}

const head = (name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`

/** What only grows. */
export class Counter implements Metric {
  readonly #name: string
  readonly #help: string
  #count = 0

  constructor(name: string, help: string) {
    this.#name = name
    this.#help = help
  }

  add(count = 1): void {
    this.#count += count
  }

  text(): string {
    return `${head(this.#name, 'counter', this.#help)}${this.#name} ${this.#count}\n`
  }
}

/** Counters that differ in one label, of which there are few values: each is a line for ever. */
export class LabelledCounter<V extends string> implements Metric {
  readonly #name: string
  readonly #help: string
  readonly #label: string
  readonly #counts: Map<V, number>

  /** The values that are given are told from the beginning, at 0. */
  constructor(name: string, help: string, label: string, values: readonly V[]) {
    this.#name = name
    this.#help = help
    this.#label = label
    this.#counts = new Map(values.map((value) => [value, 0]))
  }

  add(value: V): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  text(): string {
    const lines = [...this.#counts].map(([value, count]) => `${this.#name}{${this.#label}="${value}"} ${count}\n`)
    return head(this.#name, 'counter', this.#help) + lines.join('')
  }
}

/** What is the case when somebody asks. */
export class Gauge implements Metric {
  readonly #name: string
  readonly #help: string
  readonly #read: () => number

  constructor(name: string, help: string, read: () => number) {
    this.#name = name
    this.#help = help
    this.#read = read
  }

  text(): string {
    return `${head(this.#name, 'gauge', this.#help)}${this.#name} ${this.#read()}\n`
  }
}

/** How often something took how long. It is given in milliseconds and told in seconds. */
export class Histogram implements Metric {
  readonly #name: string
  readonly #help: string
  readonly #boundsMs: readonly number[]
  /** How many took at most as long as each bound, and longer than the one before; the last took longer than all. */
  readonly #counts: number[]
  #sumMs = 0

  constructor(name: string, help: string, boundsMs: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#boundsMs = boundsMs
    this.#counts = [...boundsMs, Infinity].map(() => 0)
  }

  observe(ms: number): void {
    const index = this.#boundsMs.findIndex((bound) => ms <= bound)
    const at = index < 0 ? this.#boundsMs.length : index
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sumMs += ms
  }

  text(): string {
    let count = 0
    const buckets = this.#counts.map((more, index) => {
      count += more
      const bound = this.#boundsMs[index]
      return `${this.#name}_bucket{le="${bound === undefined ? '+Inf' : bound / 1000}"} ${count}\n`
    })
    const totals = `${this.#name}_sum ${this.#sumMs / 1000}\n${this.#name}_count ${count}\n`
    return head(this.#name, 'histogram', this.#help) + buckets.join('') + totals
  }
}
