/** What a worker process is asked to do, one at a time. */
export type Task =
  | { readonly do: 'run'; readonly seed: string; readonly isTwice: boolean }
  | { readonly do: 'shrink'; readonly seed: string; readonly runs: number }

export type Answer =
  | { readonly did: 'run'; readonly report: Report }
  /** Undefined if it did not break the rule again. */
  | { readonly did: 'shrink'; readonly shrunk: Shrunk | undefined }

/** What it says: the answer, and before the one to `shrink` that it has tried one more plan. */
export type Message = Answer | { readonly did: 'trying' }

/** What came of a seed, in a form that goes from process to process. */
export interface Report {
  readonly seed: string
  readonly events: number
  readonly virtualMs: number
  readonly writes: number
  /** How often each fault took effect, by its name. */
  readonly effects: Readonly<Record<string, number>>
  readonly broken: Broken | undefined
}

/** A rule that did not hold. */
export interface Broken {
  readonly rule: string
  readonly message: string
}

export interface Shrunk {
  readonly steps: number
  /** The history, told. */
  readonly lines: readonly string[]
}
