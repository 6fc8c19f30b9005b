import { timestampAt } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { NOON_MS } from '../testing/operations.ts'
import { A, B, CLOCK_AHEAD_MS, WatchedStore, documentChange, replicaChange } from '../testing/space-changes.ts'
import { sumKey } from './server-checks.ts'

/** A space of two operations of one replica. */
async function ofTwo(): Promise<WatchedStore> {
  const watched = new WatchedStore()
  await watched.begin()
  for (const counter of [1, 2]) expect(await watched.take(A, counter, counter)).toEqual([])
  return watched
}

test('what a server stores in order breaks no rule', async () => {
  const watched = await ofTwo()
  expect(await watched.take(B, 1, 3)).toEqual([])
  const both = documentChange(`${A}-1`, [
    [4, A, 3],
    [5, B, 2],
  ])
  const replicas = [replicaChange(A, [3]), replicaChange(B, [2])]
  expect(await watched.put({ head: 5, replicas, documents: [both] })).toEqual([])
  expect(await watched.put({ collected: 4, removed: [{ collection: 'stories', document: `${A}-2` }] })).toEqual([])
  expect([watched.checks.head, watched.checks.collected, watched.violations]).toEqual([5, 4, []])
})

test('an operation is stored once', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ head: 3, documents: [documentChange('other', [[3, A, 2]])] })).toEqual(['M5'])
})

test('no two operations of one name are taken', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ replicas: [replicaChange(A, [3])] })).toEqual([])
  const again = replicaChange(A, [3], () => 5)
  // A counter that is taken again is no rise either.
  expect(await watched.put({ replicas: [again] })).toEqual(['M8', 'M7'])
})

test('a check value that comes again is no other operation', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ replicas: [replicaChange(A, [2])] })).toEqual(['M8'])
})

test('counters are taken without gaps', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ replicas: [replicaChange(A, [3, 5])] })).toEqual(['M8'])
  expect(await watched.put({ replicas: [replicaChange(B, [1, 2, 3])] })).toEqual([])
  expect(await watched.put({ replicas: [replicaChange(B, [3, 4])] })).toEqual(['M8'])
})

test('of a push that is longer than what is kept, the first check values may be left out', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ replicas: [replicaChange(A, [8, 9])] })).toEqual([])
  expect(watched.checks.taken.has(`${A}:5`)).toBe(true)
})

test('the counter of a replica never falls', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ replicas: [replicaChange(A, [], undefined, 1)] })).toEqual(['M8'])
})

test('the head never falls', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ head: 2 })).toEqual([])
  expect(await watched.put({ head: 1 })).toEqual(['M9'])
})

test('no place of the sequence is given twice', async () => {
  const watched = await ofTwo()
  const twice = documentChange('other', [
    [3, B, 1],
    [3, B, 2],
  ])
  expect(await watched.put({ head: 3, documents: [twice] })).toEqual(['M9'])
  const inTwoDocuments = [documentChange('c', [[4, B, 3]]), documentChange('d', [[4, B, 4]])]
  expect(await watched.put({ head: 4, documents: inTwoDocuments })).toEqual(['M9'])
})

test.for([
  ['at the old head', 2],
  ['beyond the new head', 4],
] as const)('no operation has its place %s', async ([, seq]) => {
  const watched = await ofTwo()
  const documents = [documentChange('other', [[seq, B, 1]], { seq: 3 })]
  expect(await watched.put({ head: 3, documents })).toEqual(['M9'])
})

test('no row is of a place beyond the head', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ head: 2, documents: [documentChange('other', [], { seq: 3 })] })).toEqual(['M9'])
})

test('no time far ahead is taken', async () => {
  const watched = await ofTwo()
  const highest = timestampAt(NOON_MS + CLOCK_AHEAD_MS)
  expect(await watched.put({ highestTime: highest })).toEqual([])
  expect(await watched.put({ highestTime: highest + 1 })).toEqual(['M18'])
})

test('a time above the highest is taken if it is so by a millisecond for each document at most', async () => {
  const watched = await ofTwo()
  const highest = timestampAt(NOON_MS + CLOCK_AHEAD_MS)
  await watched.put({ highestTime: highest })
  const document = documentChange('other', [[3, A, 3]])
  expect(await watched.put({ head: 3, highestTime: highest + 4096, documents: [document] })).toEqual([])
  expect(await watched.put({ highestTime: highest + 3 * 4096, documents: [documentChange('b', [])] })).toEqual(['M18'])
})

test('a version names no more replicas than there are', async () => {
  const watched = await ofTwo()
  const version = [
    { replica: A, counter: 2 },
    { replica: B, counter: 1 },
  ]
  expect(await watched.put({ documents: [documentChange('other', [], { version })] })).toEqual(['M26'])
  const replicas = [replicaChange(B, [1])]
  expect(await watched.put({ replicas, documents: [documentChange('other', [], { version })] })).toEqual([])
})

test('no row goes before anything was collected, and what was collected never falls', async () => {
  const watched = await ofTwo()
  const removed = [{ collection: 'stories', document: `${A}-1` }]
  expect(await watched.put({ removed })).toEqual(['M14'])
  expect(await watched.put({ collected: 1, removed })).toEqual([])
  expect(await watched.put({ collected: 0 })).toEqual(['M14'])
})

test('what was put and then taken back counts for nothing', async () => {
  const watched = await ofTwo()
  const put = watched.put(
    { head: 3, replicas: [replicaChange(A, [3])], documents: [documentChange('other', [[3, A, 3]])] },
    () => {
      throw new RangeError('The transaction is over.')
    },
  )
  await expect(put).rejects.toThrow('The transaction is over.')
  expect([watched.checks.head, watched.checks.taken.has(`${A}:3`)]).toEqual([2, false])
  expect(await watched.take(A, 3, 3)).toEqual([])
})

test('a transaction that puts nothing breaks no rule', async () => {
  const watched = await ofTwo()
  await watched.store.write('shared', async (transaction) => transaction.space())
  expect(watched.violations).toEqual([])
})

test('a broken rule is told, and what broke it is stored all the same', async () => {
  const watched = await ofTwo()
  expect(await watched.put({ head: 7, replicas: [replicaChange(A, [4, 6])] })).toEqual(['M8'])
  expect(await watched.store.read('shared', async (reader) => (await reader.space()).head)).toBe(7)
})

test('all that was ever taken is remembered, with its check value', async () => {
  const { checks } = await ofTwo()
  expect([...checks.taken].toSorted()).toEqual([`${A}:1`, `${A}:1:1001`, `${A}:2`, `${A}:2:1002`])
  expect([...checks.replicas]).toEqual([A])
})

test('a moment of the space has a sum of its own, whatever the order in which it came to be', async () => {
  const [one, other] = [new WatchedStore(), new WatchedStore()]
  await one.take(A, 1, 1)
  await one.take(B, 1, 2)
  await other.take(B, 1, 1)
  await other.take(A, 1, 2)
  const sums = [0, 1, 2].map((head) => [one, other].map(({ checks }) => checks.sums.get(sumKey(0, head))))
  expect(sums[2]?.[0]).toBe(sums[2]?.[1])
  expect(sums[1]?.[0]).not.toBe(sums[1]?.[1])
})

test('after the server went back another history begins, in which what was taken since is new', async () => {
  const watched = await ofTwo()
  const [before, first] = [watched.checks.copy(), await watched.begin()]
  await watched.take(A, 3, 3)
  watched.checks.wentBack(before)
  const second = await watched.begin()
  expect([watched.checks.head, watched.checks.line]).toEqual([2, 1])
  expect([first, second].map((epoch) => watched.checks.lineOf.get(epoch))).toEqual([0, 1])
  const replicas = [replicaChange(A, [3], () => 77)]
  expect(await watched.put({ replicas })).toEqual([])
  expect(watched.checks.taken.has(`${A}:3:1003`)).toBe(true)
})
