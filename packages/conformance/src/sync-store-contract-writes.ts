import type { BenchBehaviour, SpaceContents } from './sync-store-contract-bench.ts'
import {
  changesOf,
  contentsOf,
  epochNamed,
  put,
  readContents,
  replicaChange,
  stateAt,
  tailAt,
} from './sync-store-contract-bench.ts'
import type { SpaceTransaction, SyncStore } from '@whisker/protocol'
import { expect } from 'vitest'

const NO = new Error('the work failed')
const headOf = async (store: SyncStore, space: string): Promise<number> =>
  (await store.read(space, (reader) => reader.space())).head

const isFailing = (name: string): boolean => name.endsWith('3') || name.endsWith('8')

/** Reads the head, asks some more, and puts a document at the next: what another writer must not come between. */
async function addOne(transaction: SpaceTransaction, name: string): Promise<number> {
  const { head } = await transaction.space()
  for (let turn = 0; turn < 5; turn++) await transaction.replicas([])
  await transaction.put(changesOf({ head: head + 1, documents: [stateAt(name, head + 1)] }))
  return head + 1
}

/** All or nothing, one after another, and there for good: what a write promises. */
export const WRITE_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'a write resolves to what its work came to',
    async check(store) {
      expect(await store.write('s', async () => ({ answer: 42 }))).toEqual({ answer: 42 })
      expect(await store.read('s', async () => undefined)).toBeUndefined()
    },
  },

  {
    title: 'a write that throws rejects with what was thrown, and leaves nothing',
    async check(store, bench) {
      await put(store, 's', { head: 1, documents: [stateAt('kept', 1)] })
      const before = await readContents(store, 's')
      const failed = store.write('s', async (transaction) => {
        await transaction.put(
          changesOf({
            head: 3,
            highestTime: 9,
            documents: [stateAt('kept', 2, 'changed'), stateAt('new', 3)],
            replicas: [replicaChange('ann', [1])],
            strategies: [{ collection: 'stories', strategy: 'manual', seq: 2 }],
          }),
        )
        throw NO
      })
      await expect(failed).rejects.toBe(NO)
      expect(await readContents(store, 's')).toEqual(before)
      expect(await readContents(await bench.reopen(), 's')).toEqual(before)
    },
  },

  {
    title: 'a write that throws does not make its space',
    async check(store) {
      const failed = store.write('s', async (transaction) => {
        await transaction.put(changesOf({ head: 1 }))
        throw NO
      })
      await expect(failed).rejects.toBe(NO)
      expect(await store.read('s', (reader) => reader.space())).toMatchObject({ exists: false, head: 0 })
    },
  },

  {
    title: 'a write that throws takes nothing of the others with it',
    async check(store, bench) {
      const names = Array.from({ length: 12 }, (_, index) => `space-${index}`)
      const results = await Promise.allSettled(
        names.map((name) =>
          store.write(name, async (transaction) => {
            await transaction.put(changesOf({ head: 1, documents: [stateAt(name, 1)] }))
            if (isFailing(name)) throw NO
          }),
        ),
      )
      expect(results.map(({ status }) => status)).toEqual(
        names.map((name) => (isFailing(name) ? 'rejected' : 'fulfilled')),
      )
      const again = await bench.reopen()
      const heads = await Promise.all(names.map((name) => headOf(again, name)))
      expect(heads).toEqual(names.map((name) => (isFailing(name) ? 0 : 1)))
    },
  },

  {
    title: 'a write goes on where the one that threw before it had begun',
    async check(store) {
      const heads = await Promise.allSettled([
        store.write('s', (transaction) => addOne(transaction, 'one')),
        store.write('s', async (transaction) => {
          await addOne(transaction, 'lost')
          throw NO
        }),
        store.write('s', (transaction) => addOne(transaction, 'two')),
      ])
      expect(heads).toMatchObject([{ value: 1 }, { reason: NO }, { value: 2 }])
      const { documents } = await readContents(store, 's')
      expect(documents.map(({ row }) => row.document)).toEqual(['one', 'two'])
    },
  },

  {
    title: 'writes to one space never interleave',
    async check(store) {
      const count = 25
      const heads = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          store.write('s', (transaction) => addOne(transaction, `d${index}`)),
        ),
      )
      expect(heads.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
      const { record, documents } = await readContents(store, 's')
      expect(record.head).toBe(count)
      expect(documents.map(({ row }) => row.seq)).toEqual(heads.toSorted((a, b) => a - b))
    },
  },

  {
    title: 'a write reads what it put itself',
    async check(store) {
      const seen = await store.write('s', async (transaction) => {
        await transaction.put(changesOf({ head: 1, documents: [stateAt('one', 1)] }))
        await transaction.put(changesOf({ head: 2, documents: [tailAt('one', 1, [2])] }))
        return contentsOf(transaction)
      })
      expect(seen).toMatchObject({ record: { exists: true, head: 2 }, documents: [{ row: { seq: 2 } }] })
      expect(await readContents(store, 's')).toEqual(seen)
    },
  },

  {
    title: 'what a write resolved to is there after a power cut',
    async check(store, bench) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)], replicas: [replicaChange('ann', [1])] })
      await put(store, 's', { head: 2, documents: [tailAt('one', 1, [2])] })
      const before = await readContents(store, 's')
      expect(await readContents(await bench.afterPowerCut(), 's')).toEqual(before)
    },
  },

  {
    title: 'a write that resolved while others go on is there after a power cut',
    async check(store, bench) {
      const writing = ['first', 'second', 'third'].map((space) =>
        store.write(space, (transaction) => addOne(transaction, 'one')),
      )
      const settled = Promise.allSettled(writing)
      await writing[0]
      const left = await bench.afterPowerCut()
      expect(await headOf(left, 'first')).toBe(1)
      await settled
    },
  },
  {
    title: 'everything that was put is there after reopening',
    async check(store, bench) {
      await put(store, 's', {
        head: 3,
        highestTime: 77,
        collected: 1,
        usage: { documents: 2, bytes: 99 },
        documents: [stateAt('one', 1), stateAt('two', 3, 'gone', { tombstoneMs: 5 })],
        replicas: [replicaChange('ann', [1, 2])],
        strategies: [{ collection: 'stories', strategy: 'keep_both', seq: 1 }],
      })
      await put(store, 's', { head: 4, documents: [tailAt('one', 1, [4])] })
      const before = await readContents(store, 's')
      expect(before).toMatchObject({ record: { head: 4 }, documents: [{ state: 'gone' }, { state: 'state at 1' }] })
      expect(await readContents(await bench.reopen(), 's')).toEqual(before)
    },
  },

  {
    title: 'a write that was begun before closing is kept if it resolved, and else is not there',
    async check(store, bench) {
      const writing = Array.from({ length: 5 }, (_, index) =>
        store.write(`s${index}`, (transaction) => addOne(transaction, 'one')),
      )
      const settled = Promise.allSettled(writing)
      const again = await bench.reopen()
      const results = await settled
      for (const [index, { status }] of results.entries()) {
        expect(await headOf(again, `s${index}`)).toBe(status === 'fulfilled' ? 1 : 0)
      }
    },
  },

  {
    title: 'a read sees one moment, however long it takes',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)] })
      const begun = Promise.withResolvers<void>()
      const writing = store.write('s', async (transaction) => {
        begun.resolve()
        for (let turn = 0; turn < 10; turn++) await transaction.replicas([])
        await transaction.put(changesOf({ head: 2, documents: [stateAt('one', 2)] }))
      })
      // From here on, the write and the read take turns
      await begun.promise
      const seen = await store.read('s', async (reader) => {
        const contents: SpaceContents[] = []
        for (let turn = 0; turn < 50; turn++) contents.push(await contentsOf(reader))
        return contents
      })
      await writing
      expect(seen).toEqual(seen.map(() => seen[0]))
      expect(await headOf(store, 's')).toBe(2)
    },
  },
  {
    title: 'reads while others write each see whole writes',
    async check(store) {
      const writing = Array.from({ length: 20 }, () =>
        store.write('s', async (transaction) => {
          const { head } = await transaction.space()
          const documents = [1, 2, 3].map((offset) => stateAt(`d${head + offset}`, head + offset))
          await transaction.put(changesOf({ head: head + 3, documents }))
        }),
      )
      const reading = Array.from({ length: 20 }, () => readContents(store, 's'))
      await Promise.all(writing)
      for (const { record, documents } of [...(await Promise.all(reading)), await readContents(store, 's')]) {
        expect(record.head % 3).toBe(0)
        expect(documents).toHaveLength(record.head)
      }
      expect(await headOf(store, 's')).toBe(60)
    },
  },

  {
    title: 'what was read does not change with later writes',
    async check(store) {
      await put(store, 's', { head: 1, documents: [stateAt('one', 1)], replicas: [replicaChange('ann', [1])] })
      const before = await readContents(store, 's')
      const copy = structuredClone(before)
      await put(store, 's', { head: 2, documents: [stateAt('one', 2)], replicas: [replicaChange('ann', [2])] })
      expect(before).toEqual(copy)
    },
  },

  {
    title: 'a read that throws rejects with what was thrown, and the next one reads',
    async check(store) {
      await put(store, 's', { head: 1 })
      const failing = store.read('s', async () => {
        throw NO
      })
      await expect(failing).rejects.toBe(NO)
      expect(await headOf(store, 's')).toBe(1)
    },
  },

  {
    title: 'a closed store refuses every call as closed, and closing again does nothing',
    async check(store) {
      await store.close()
      await store.close()
      const calls = [
        () => store.read('s', (reader) => reader.space()),
        () => store.write('s', (transaction) => transaction.space()),
        () => store.begin(epochNamed('late')),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'closed' })
    },
  },
]
