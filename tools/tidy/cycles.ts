import { relativeImportsOf } from './parse.ts'
import { isCode, packageOf, type Tree } from './tree.ts'

/** Files of a package that import each other in a ring, types included: read one, and you have to read them all. */
export function importCycles(tree: Tree): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const target of relativeImportsOf(tree, path)) if (isCode(target)) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of tree.paths) if (isCode(path) && packageOf(path) !== undefined) visit(path, [])
  return cycles
}
