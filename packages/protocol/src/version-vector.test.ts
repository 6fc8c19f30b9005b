import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { dot, replica } from './testing/writing.ts'
import type { ReplicaId } from './identity.ts'
import {
  type Causality,
  EMPTY_VERSION,
  type VersionVector,
  addDot,
  compareVersions,
  counterOf,
  covers,
  mergeVersions,
  withoutReplica,
} from './version-vector.ts'

const NAMES = ['A', 'B', 'C', 'a', '_', '-', '0', 'B1', 'B2', 'B3', 'C1', 'C2']
type Naive = ReadonlyMap<ReplicaId, number>

const naive: fc.Arbitrary<Naive> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 4 })), {
    selector: ([name]) => name,
    maxLength: NAMES.length,
  })
  .map((entries) => new Map(entries.map(([name, counter]) => [replica(name), counter])))

const vector = (map: Naive): VersionVector =>
  [...map].reduce<VersionVector>((all, [id, counter]) => addDot(all, { replica: id, counter }), EMPTY_VERSION)

function compareNaively(a: Naive, b: Naive): Causality {
  const covered = (one: Naive, other: Naive): boolean =>
    [...one].every(([id, counter]) => (other.get(id) ?? 0) >= counter)
  if (covered(a, b)) return covered(b, a) ? 'equal' : 'before'
  return covered(b, a) ? 'after' : 'concurrent'
}

test('two vectors are equal, before, after or concurrent as a naive comparison says', () => {
  const seen = new Set<Causality>()
  fc.assert(
    fc.property(naive, naive, fc.boolean(), (a, b, grow) => {
      const other = grow
        ? new Map([...b, ...a].map(([id, counter]) => [id, Math.max(counter, a.get(id) ?? 0, b.get(id) ?? 0)]))
        : b
      const order = compareVersions(vector(a), vector(other))
      seen.add(order)
      expect(order).toBe(compareNaively(a, other))
      expect(compareVersions(vector(a), vector(a))).toBe('equal')
    }),
    { numRuns: 2000 },
  )
  expect([...seen].sort()).toEqual(['after', 'before', 'concurrent', 'equal'])
})

test('a merge has seen exactly what either has, sorted by replica id', () => {
  fc.assert(
    fc.property(naive, naive, (a, b) => {
      const merged = mergeVersions(vector(a), vector(b))
      const ids = [...new Set([...a.keys(), ...b.keys()])].sort()
      expect(merged).toEqual(ids.map((id) => ({ replica: id, counter: Math.max(a.get(id) ?? 0, b.get(id) ?? 0) })))
      expect(mergeVersions(vector(b), vector(a))).toEqual(merged)
      expect(mergeVersions(merged, vector(a))).toEqual(merged)
    }),
  )
})

test('a vector covers a dot exactly when its counter has reached it', () => {
  fc.assert(
    fc.property(naive, fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 5 }), (map, name, counter) => {
      expect(counterOf(vector(map), replica(name))).toBe(map.get(replica(name)) ?? 0)
      expect(covers(vector(map), dot(name, counter))).toBe((map.get(replica(name)) ?? 0) >= counter)
    }),
  )
})

test('merging with nothing new gives the same reference', () => {
  const one = vector(new Map([[replica('A'), 1]]))
  expect(mergeVersions(one, EMPTY_VERSION)).toBe(one)
  expect(mergeVersions(EMPTY_VERSION, one)).toBe(one)
  expect(mergeVersions(one, one)).toBe(one)
})

test('a replica can be taken out', () => {
  const two = vector(
    new Map([
      [replica('A'), 1],
      [replica('B'), 2],
    ]),
  )
  expect(withoutReplica(two, replica('A'))).toEqual([dot('B', 2)])
  expect(withoutReplica(two, replica('C'))).toBe(two)
})

test('replica ids named like parts of an object are names like any other', () => {
  const strange = addDot(addDot(EMPTY_VERSION, { replica: '__defineGetter__' as ReplicaId, counter: 3 }), {
    replica: 'hasOwnProperty00' as ReplicaId,
    counter: 1,
  })
  expect(counterOf(strange, '__defineGetter__' as ReplicaId)).toBe(3)
  expect(counterOf(strange, '__defineSetter__' as ReplicaId)).toBe(0)
})

const many = (offset: number): VersionVector =>
  Array.from({ length: 10_000 }, (_, index) => ({
    replica: String(index + offset).padStart(16, '0') as ReplicaId,
    counter: 1,
  }))

test('ten thousand short-lived replicas are compared and merged in well under a second', () => {
  const begin = performance.now()
  expect(compareVersions(many(0), many(5000))).toBe('concurrent')
  expect(compareVersions(many(0), many(0))).toBe('equal')
  expect(mergeVersions(many(0), many(5000))).toHaveLength(15_000)
  expect(performance.now() - begin).toBeLessThan(1000)
})
