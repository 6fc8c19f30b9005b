/** What a process can be asked to do, by name. Arguments and results are plain data. */
export type Commands = { readonly [name: string]: (...parameters: never[]) => unknown }

export interface Call {
  readonly call: number
  readonly name: string
  readonly parameters: readonly unknown[]
}

/** What went wrong in the other process, as far as it can travel. */
export interface Failure {
  readonly code?: string | undefined
  readonly message: string
  readonly fix?: string | undefined
}

export type Answer =
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly failure: Failure }

/** Something that a process tells of unasked. */
export interface Told {
  readonly event: string
  readonly detail: unknown
}

export function failureOf(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { message: String(thrown) }
  const { code, fix } = thrown as { code?: unknown; fix?: unknown }
  return {
    message: thrown.message,
    code: typeof code === 'string' ? code : undefined,
    fix: typeof fix === 'string' ? fix : undefined,
  }
}
