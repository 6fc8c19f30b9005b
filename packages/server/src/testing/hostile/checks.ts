/** One thing that the server looks at. */
export interface Check {
  readonly name: string
  readonly refuses: string
  /** How its refusals read; the first check that fits is the one that refused. */
  readonly says: RegExp
}

export const CHECKS: readonly Check[] = []

/** The check that refused something, by what came back; `none` if nothing was refused, undefined if none is known to. */
export function checkOf(shown: string): string | undefined {
  return HARMLESS.test(shown) ? 'none' : CHECKS.find(({ says }) => says.test(shown))?.name
}

const HARMLESS = /^(?:alive|(?:answered )?200 ok(?:, 200 ok)*|204)$/
