import type { DocumentChange, DocumentKey, SpaceReader, SyncRow, SyncStore, TailEntry } from '@whisker/protocol'
import { expect } from 'vitest'
import { DIFFICULT_TEXTS } from './difficult-texts.ts'
import type { BenchBehaviour } from './sync-store-contract-bench.ts'
import {
  entryAt,
  plainRow,
  put,
  readContents,
  replicaNamed,
  rowOf,
  stateAt,
  tailAt,
} from './sync-store-contract-bench.ts'

const keyOf = (document: string, collection = 'stories'): DocumentKey => ({ collection, document })

const tombstone = (document: string, seq: number, tombstoneMs: number = seq * 1000): DocumentChange =>
  stateAt(document, seq, 'gone', { tombstoneMs })

/** The names of rows, in the order in which they came. */
const named = (rows: readonly SyncRow[]): string[] => rows.map(({ document }) => document)

const readNames = async (
  store: SyncStore,
  ask: (reader: SpaceReader) => Promise<readonly SyncRow[]>,
): Promise<string[]> => named(await store.read('s', ask))

/** The tail of each named document after a seq. */
const tailsOf = (
  store: SyncStore,
  ...asked: readonly (readonly [document: string, after: number])[]
): Promise<readonly (readonly TailEntry[])[]> =>
  store.read('s', async (reader) => {
    const rows = await reader.documents(asked.map(([document]) => keyOf(document)))
    const rowNamed = (document: string): SyncRow => rows.find((row) => row.document === document) as SyncRow
    return reader.tails(asked.map(([document, after]) => ({ row: rowNamed(document), after })))
  })

/** Documents: their rows, states and tails, and the order in which they are told. */
export const ROW_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'a row comes back with everything that it was put with',
    async check(store, bench) {
      const row = rowOf('dragon', 7, {
        tailStart: 5,
        stateBytes: 300,
        tailBytes: 12,
        version: [
          { replica: replicaNamed('Ann'), counter: 3 },
          { replica: replicaNamed('ann'), counter: 1 },
        ],
        tombstoneMs: 0,
      })
      await put(store, 's', { head: 7, documents: [{ row, state: '{}', appended: [] }] })
      const again = await bench.reopen()
      const found = await again.read('s', (reader) => reader.documents([keyOf('dragon')]))
      expect(found.map(plainRow)).toEqual([row])
    },
  },

  {
    title: 'of the documents asked for, those that have a row are told',
    async check(store) {
      await put(store, 's', { head: 3, documents: [stateAt('one', 1), stateAt('two', 2), stateAt('three', 3)] })
      const asked = ['three', 'none', 'one'].map((name) => keyOf(name))
      const found = await readNames(store, (reader) => reader.documents(asked))
      expect(found.toSorted()).toEqual(['one', 'three'])
      expect(await readNames(store, (reader) => reader.documents([keyOf('one', 'drafts')]))).toEqual([])
      expect(await readNames(store, (reader) => reader.documents([]))).toEqual([])
    },
  },

  {
    title: 'names that differ only in case, or in where they are cut, are different documents',
    async check(store) {
      const keys = [
        ['a', 'b'],
        ['A', 'b'],
        ['a', 'B'],
        ['ab', 'c'],
        ['a', 'bc'],
        ['a', 'b.'],
        ['a', 'b~1'],
      ] as const
      const documents = keys.map(([collection, document], index) => ({
        ...stateAt(document, index + 1, `${collection}/${document}`),
        row: rowOf(document, index + 1, { collection }),
      }))
      await put(store, 's', { head: keys.length, documents })
      const found = await readContents(store, 's')
      expect(found.documents.map(({ row, state }) => [row.collection, row.document, state])).toEqual(
        keys.map(([collection, document]) => [collection, document, `${collection}/${document}`]),
      )
      const one = await store.read('s', (reader) => reader.documents([keyOf('b', 'A')]))
      expect(one.map(plainRow)).toEqual([rowOf('b', 2, { collection: 'A' })])
    },
  },

  {
    title: 'what changed comes by rising seq, however it was put',
    async check(store) {
      await put(store, 's', { head: 10, documents: [stateAt('a', 10), stateAt('b', 2), stateAt('c', 9)] })
      await put(store, 's', { head: 100, documents: [stateAt('d', 100), stateAt('e', 11), stateAt('b', 99)] })
      expect(await readNames(store, (reader) => reader.changedAfter(0, 100))).toEqual(['c', 'a', 'e', 'b', 'd'])
    },
  },

  {
    title: 'what changed after a seq begins behind it, and ends at the limit',
    async check(store) {
      const documents = Array.from({ length: 10 }, (_, index) => stateAt(`d${index + 1}`, index + 1))
      await put(store, 's', { head: 10, documents })
      expect(await readNames(store, (reader) => reader.changedAfter(3, 2))).toEqual(['d4', 'd5'])
      expect(await readNames(store, (reader) => reader.changedAfter(8, 100))).toEqual(['d9', 'd10'])
      expect(await readNames(store, (reader) => reader.changedAfter(9, 1))).toEqual(['d10'])
      expect(await readNames(store, (reader) => reader.changedAfter(10, 100))).toEqual([])
      expect(await readNames(store, (reader) => reader.changedAfter(11, 100))).toEqual([])
    },
  },

  {
    title: 'a scan in small pages meets every row once',
    async check(store) {
      const names = Array.from({ length: 50 }, (_, index) => `d${index}`)
      await put(store, 's', { head: 50, documents: names.map((name, index) => stateAt(name, index + 1)) })
      const met: string[] = []
      for (let after = 0; met.length < names.length;) {
        const rows = await store.read('s', (reader) => reader.changedAfter(after, 7))
        const last = rows.at(-1)?.seq ?? 0
        expect(last).toBeGreaterThan(after)
        met.push(...named(rows))
        after = last
      }
      expect(met).toEqual(names)
    },
  },

  {
    title: 'a document that changed again is told once, at its new seq',
    async check(store) {
      await put(store, 's', { head: 2, documents: [stateAt('one', 1), stateAt('two', 2)] })
      await put(store, 's', { head: 4, documents: [tailAt('one', 1, [3, 4])] })
      expect(await readNames(store, (reader) => reader.changedAfter(0, 10))).toEqual(['two', 'one'])
      expect(await readNames(store, (reader) => reader.changedAfter(2, 10))).toEqual(['one'])
    },
  },

  {
    title: 'states come in the order of the rows that were asked for',
    async check(store) {
      await put(store, 's', { head: 3, documents: [stateAt('a', 1), stateAt('b', 2), stateAt('c', 3)] })
      const states = await store.read('s', async (reader) => {
        const [a, b, c] = await reader.changedAfter(0, 3)
        return reader.states([c, a, b, a] as SyncRow[])
      })
      expect(states).toEqual(['state at 3', 'state at 1', 'state at 2', 'state at 1'])
    },
  },

  {
    title: 'a newer state takes the place of the one before',
    async check(store, bench) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1, 'older')] })
      await put(store, 's', { head: 2, documents: [stateAt('one', 2, 'newer')] })
      expect((await readContents(await bench.reopen(), 's')).documents).toMatchObject([{ state: 'newer', tail: [] }])
    },
  },

  {
    title: 'an append leaves the state as it is',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1, 'the state')] })
      await put(store, 's', { head: 2, documents: [tailAt('one', 1, [2])] })
      expect((await readContents(store, 's')).documents).toEqual([
        { row: rowOf('one', 2, { tailStart: 1 }), state: 'the state', tail: [entryAt(2)] },
      ])
    },
  },

  {
    title: 'a tail grows with each append, and comes by rising seq',
    async check(store, bench) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 's', { head: 3, documents: [tailAt('one', 1, [2, 3])] })
      await put(store, 's', { head: 10, documents: [tailAt('one', 1, [10])] })
      await put(store, 's', { head: 100, documents: [tailAt('one', 1, [99, 100])] })
      expect(await tailsOf(store, ['one', 0])).toEqual([[2, 3, 10, 99, 100].map((seq) => entryAt(seq))])
      expect(await tailsOf(await bench.reopen(), ['one', 0])).toEqual([[2, 3, 10, 99, 100].map((seq) => entryAt(seq))])
    },
  },

  {
    title: 'of a tail, what comes after a seq is told',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 's', { head: 9, documents: [tailAt('one', 1, [3, 5, 9])] })
      const after = async (seq: number): Promise<(readonly number[])[]> =>
        (await tailsOf(store, ['one', seq])).map((tail) => tail.map((entry) => entry.seq))
      expect(await after(1)).toEqual([[3, 5, 9]])
      expect(await after(3)).toEqual([[5, 9]])
      expect(await after(4)).toEqual([[5, 9]])
      expect(await after(9)).toEqual([[]])
    },
  },

  {
    title: 'tails come in the order of what was asked for',
    async check(store) {
      await put(store, 's', { head: 2, documents: [stateAt('a', 1), stateAt('b', 2)] })
      await put(store, 's', { head: 5, documents: [tailAt('a', 1, [3, 5]), tailAt('b', 2, [4])] })
      const tails = await tailsOf(store, ['b', 0], ['a', 3], ['a', 0])
      expect(tails).toEqual([[entryAt(4)], [entryAt(5)], [entryAt(3), entryAt(5)]])
      expect(await tailsOf(store)).toEqual([])
    },
  },

  {
    title: 'a state that takes up its tail empties it, and the next append begins behind it',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 's', { head: 3, documents: [tailAt('one', 1, [2, 3])] })
      await put(store, 's', { head: 4, documents: [stateAt('one', 4, 'folded')] })
      expect(await tailsOf(store, ['one', 0])).toEqual([[]])
      await put(store, 's', { head: 5, documents: [tailAt('one', 4, [5])] })
      expect((await readContents(store, 's')).documents).toEqual([
        { row: rowOf('one', 5, { tailStart: 4 }), state: 'folded', tail: [entryAt(5)] },
      ])
    },
  },

  {
    title: 'a state as of the middle of its tail keeps what comes after',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 's', { head: 5, documents: [tailAt('one', 1, [2, 3, 4, 5])] })
      const row = rowOf('one', 5, { tailStart: 3 })
      await put(store, 's', { head: 5, documents: [{ row, state: 'state at 3', appended: [] }] })
      expect(await tailsOf(store, ['one', 0])).toEqual([[entryAt(4), entryAt(5)]])
    },
  },

  {
    title: 'a new document may come with a tail already',
    async check(store) {
      const row = rowOf('one', 3, { tailStart: 1 })
      await put(store, 's', { head: 3, documents: [{ row, state: 'state at 1', appended: [entryAt(2), entryAt(3)] }] })
      expect((await readContents(store, 's')).documents).toEqual([
        { row, state: 'state at 1', tail: [entryAt(2), entryAt(3)] },
      ])
    },
  },

  {
    title: 'texts of states and operations come back as they were, whatever they hold',
    async check(store, bench) {
      const documents = DIFFICULT_TEXTS.map((text, index) => ({
        row: rowOf(`d${index}`, 2 * index + 2, { tailStart: 2 * index + 1 }),
        state: text,
        appended: [entryAt(2 * index + 2, text)],
      }))
      await put(store, 's', { head: 2 * documents.length, documents })
      const found = await readContents(await bench.reopen(), 's')
      expect(found.documents.map(({ state }) => state)).toEqual(DIFFICULT_TEXTS)
      expect(found.documents.map(({ tail }) => tail?.map(({ text }) => text))).toEqual(
        DIFFICULT_TEXTS.map((text) => [text]),
      )
    },
  },

  {
    title: 'tombstones come by rising seq, up to a seq and a limit, and no other rows',
    async check(store) {
      await put(store, 's', {
        head: 12,
        documents: [tombstone('d', 12), tombstone('a', 2), stateAt('alive', 4), tombstone('c', 10), tombstone('b', 9)],
      })
      expect(await readNames(store, (reader) => reader.tombstones(12, 100))).toEqual(['a', 'b', 'c', 'd'])
      expect(await readNames(store, (reader) => reader.tombstones(10, 100))).toEqual(['a', 'b', 'c'])
      expect(await readNames(store, (reader) => reader.tombstones(9, 1))).toEqual(['a'])
      expect(await readNames(store, (reader) => reader.tombstones(1, 100))).toEqual([])
    },
  },

  {
    title: 'the last tombstone is the highest up to a seq that last changed before a time',
    async check(store) {
      await put(store, 's', {
        head: 8,
        documents: [tombstone('a', 2, 500), stateAt('alive', 3), tombstone('b', 5, 300), tombstone('c', 8, 400)],
      })
      const last = (upTo: number, beforeMs: number): Promise<number> =>
        store.read('s', (reader) => reader.lastTombstone(upTo, beforeMs))
      expect(await last(8, 401)).toBe(8)
      expect(await last(8, 400)).toBe(5)
      expect(await last(7, 1000)).toBe(5)
      expect(await last(4, 1000)).toBe(2)
      expect(await last(8, 300)).toBe(0)
      expect(await last(1, 1000)).toBe(0)
      expect(await store.read('nobody', (reader) => reader.lastTombstone(8, 1000))).toBe(0)
    },
  },

  {
    title: 'a document that came back is no tombstone, and one that was deleted is',
    async check(store) {
      await put(store, 's', { head: 2, documents: [tombstone('a', 1, 0), stateAt('b', 2)] })
      await put(store, 's', { head: 4, documents: [stateAt('a', 3), tombstone('b', 4, 8)] })
      const [row, ...others] = await store.read('s', (reader) => reader.tombstones(4, 10))
      expect(row).toMatchObject({ document: 'b', tombstoneMs: 8 })
      expect(others).toEqual([])
    },
  },

  {
    title: 'a tombstone is among what changed',
    async check(store) {
      await put(store, 's', { head: 1, documents: [tombstone('a', 1, 0)] })
      expect(await readNames(store, (reader) => reader.changedAfter(0, 10))).toEqual(['a'])
    },
  },

  {
    title: 'a removed row is nowhere, and the others are where they were',
    async check(store, bench) {
      await put(store, 's', { head: 2, documents: [stateAt('gone', 1, 'x', { tombstoneMs: 1 }), stateAt('kept', 2)] })
      await put(store, 's', { head: 3, documents: [tailAt('gone', 1, [3])] })
      await put(store, 's', { head: 3, removed: [keyOf('gone')] })
      const again = await bench.reopen()
      expect(await readNames(again, (reader) => reader.changedAfter(0, 10))).toEqual(['kept'])
      expect(await readNames(again, (reader) => reader.tombstones(3, 10))).toEqual([])
      expect(await readNames(again, (reader) => reader.documents([keyOf('gone'), keyOf('kept')]))).toEqual(['kept'])
    },
  },

  {
    title: 'nothing of a removed row comes back with a document of its name',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1, 'old')] })
      await put(store, 's', { head: 3, documents: [tailAt('one', 1, [2, 3])] })
      await put(store, 's', { head: 3, removed: [keyOf('one')] })
      const row = rowOf('one', 5, { tailStart: 1 })
      await put(store, 's', { head: 5, documents: [{ row, state: 'new', appended: [entryAt(5)] }] })
      expect((await readContents(store, 's')).documents).toEqual([{ row, state: 'new', tail: [entryAt(5)] }])
    },
  },

  {
    title: 'a row is removed from its own space only',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 'other', { head: 1, documents: [stateAt('one', 1)] })
      await put(store, 'other', { head: 1, removed: [keyOf('one')] })
      expect((await readContents(store, 'other')).documents).toEqual([])
      expect((await readContents(store, 's')).documents).toMatchObject([{ state: 'state at 1', tail: [] }])
    },
  },

  {
    title: 'a put of a thousand documents is put whole',
    async check(store, bench) {
      const documents = Array.from({ length: 1000 }, (_, index) => stateAt(`d${index}`, index + 1))
      await put(store, 's', { head: 1000, documents })
      const found = await readContents(await bench.reopen(), 's')
      expect(found.documents.map(({ state }) => state)).toEqual(documents.map(({ state }) => state))
    },
  },
]
