import { type Write, compareWrites, nameKey, nameOf, supersedes } from './document-state.ts'
import { sameDot } from './identity.ts'
import { jsonEqual } from './json.ts'
import type { WriteName } from './operation.ts'
import { covers, mergeVersions } from './version-vector.ts'

/*
 * An operation whose reply got lost before the server was restored is issued again under another dot, with its time
 * kept. If somebody brings the first one back, both are live: twins, with equal path, time and value. What their
 * authors and others had seen may differ in names, but not in what it means: whoever saw one saw the other.
 */

/** Live writes as every view takes them. */
export interface DistinctWrites {
  /** In the order of `compareWrites`. Twins are one, under the smallest of their dots; it supersedes what any of them does. */
  readonly writes: readonly Write[]
  /** All the names that a write in `writes` goes by: who keeps or drops it names them all. */
  readonly namesOf: (name: WriteName) => readonly WriteName[]
}

export function distinctWrites(writes: readonly Write[]): DistinctWrites {
  const sorted = [...writes].sort(compareWrites)
  const groups = mayHoldTwins(sorted) ? groupTwins(sorted) : []
  const twins = groups.filter(({ length }) => length > 1)
  if (twins.length === 0) return { writes: sorted, namesOf: (name) => [name] }
  const names = new Map(twins.map((group) => [nameKey(nameOfGroup(group)), group.map(nameOf)]))
  return {
    writes: groups.map((group) => asOne(group, groups, twins)),
    namesOf: (name) => names.get(nameKey(name)) ?? [name],
  }
}

/** One write under its names, the smallest first. */
type Group = readonly [Write, ...Write[]]

const mayHoldTwins = (sorted: readonly Write[]): boolean =>
  sorted.some((write, index) => {
    const before = sorted[index - 1]
    return before?.time === write.time && !sameDot(before.dot, write.dot)
  })

function groupTwins(sorted: readonly Write[]): Group[] {
  const groups: [Write, ...Write[]][] = []
  const byPlace = new Map<string, [Write, ...Write[]][]>()
  for (const write of sorted) {
    const key = `${write.time} ${write.root} ${JSON.stringify(write.path)}`
    const here = byPlace.get(key) ?? []
    byPlace.set(key, here)
    const twins = here.find(([first]) => jsonEqual(first.value, write.value))
    if (twins) {
      twins.push(write)
      continue
    }
    const group: [Write] = [write]
    here.push(group)
    groups.push(group)
  }
  return groups
}

const nameOfGroup = ([first]: Group): WriteName => nameOf(first)

const saw = (later: Group, group: Group): boolean =>
  later !== group && later.some((one) => group.some((other) => supersedes(one, other)))

/** The group as its first write, with a base and a keep that supersede the first writes of the groups it saw, and no others. */
function asOne(group: Group, groups: readonly Group[], twins: readonly Group[]): Write {
  const [first] = group
  if (group.length === 1 && twins.every((other) => saw(group, other) === supersedes(first, other[0]))) return first
  const seen = new Set(groups.filter((other) => saw(group, other)))
  const bases = [...group.map(({ base }) => base), ...Array.from(seen, ([{ dot }]) => [dot])]
  const base = bases.reduce(mergeVersions)
  const keep = groups.filter((other) => !seen.has(other) && covers(base, other[0].dot)).map(nameOfGroup)
  return { ...first, base, keep }
}
