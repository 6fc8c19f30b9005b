import { isCode, isTest, type Tree } from './tree.ts'

export interface Sizes {
  readonly source: number
  readonly test: number
  readonly exceptions: readonly { readonly file: string; readonly lines: number; readonly reason: string }[]
}

/** Files past their size, and exceptions that are no longer needed. */
export function wrongSizes(tree: Tree, sizes: Sizes): string[] {
  const exceptions = new Map(sizes.exceptions.map((one) => [one.file, one.lines]))
  const gone = sizes.exceptions
    .filter((one) => !tree.has(one.file))
    .map((one) => `${one.file}: the exception is for nothing`)
  const wrong = tree.paths.filter(isCode).flatMap((path) => {
    const lines = tree.read(path).trimEnd().split('\n').length
    const usual = isTest(path) ? sizes.test : sizes.source
    const most = exceptions.get(path) ?? usual
    if (lines > most) return [`${path}: ${lines} lines, ${most} at most; ask what two things it is`]
    return exceptions.has(path) && lines < most
      ? [`${path}: ${lines} lines; lower or drop its exception of ${most}`]
      : []
  })
  return [...gone, ...wrong]
}
