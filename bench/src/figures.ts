export type Unit = 'ms' | 'ratio' | 'bytes'

/** One measured number. */
export interface Figure {
  readonly measure: string
  readonly name: string
  readonly value: number
  readonly unit: Unit
  /** The most that it may be. */
  readonly target?: number | undefined
  /** From the smallest to the largest round. */
  readonly range?: readonly [number, number] | undefined
}

export const isMet = ({ value, target }: Figure): boolean | undefined =>
  target === undefined ? undefined : value <= target

/** A run, for machines to compare. */
export interface Report {
  readonly node: string
  readonly processor: string
  readonly documents: number
  readonly growth: number
  readonly figures: readonly (Figure & { readonly met: boolean | undefined })[]
}
