import type { SpaceStore, StoreChanges, StoreRows, StoredSpace } from '@whisker/protocol'
import { expect } from 'vitest'
import { type Chance, chanceOf } from './chance.ts'
import { DIFFICULT_TEXTS } from './difficult-texts.ts'
import type { Bench, BenchBehaviour } from './state-store-contract-bench.ts'
import { NO_ROWS, ONE_OF_EACH, codeOf, commitOf, loaded, rowsWith, sorted } from './state-store-contract-bench.ts'

const STEPS = 60

/** What `changes` tells. */
export const STATE_CHANGE_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'changes tells the rows of all four tables that another opening put and removed',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, { ...rowsWith('old', 1), documents: [['c', 'untouched', 'x']] }))
      await first.commit(
        commitOf(1, {
          records: [
            ['r0', undefined],
            ['new', 'record'],
          ],
          documents: [['c', 'new', 'document']],
          outbox: [
            [0, undefined],
            [7, 'entry'],
          ],
          rejected: [['x0', 'new']],
        }),
      )
      expect(await changed(second, 1)).toEqual({
        revision: 2,
        records: [
          ['new', 'record'],
          ['r0', undefined],
        ],
        documents: [['c', 'new', 'document']],
        outbox: [
          [0, undefined],
          [7, 'entry'],
        ],
        rejected: [['x0', 'new']],
      })
    },
  },

  {
    title: 'changes tells of the commits of its own opening too',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      expect(await changed(space, 0)).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'a row that changed several times is told once, as it is now',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, { documents: [['c', 'd', '1']], outbox: [[3, '1']], records: [['a', '1']] }))
      await second.commit(
        commitOf(1, { documents: [['c', 'd', undefined]], outbox: [[3, '2']], records: [['a', '2']] }),
      )
      await first.commit(commitOf(2, { documents: [['c', 'd', '3']], outbox: [[3, undefined]], records: [['a', '3']] }))
      for (const since of [0, 1, 2]) {
        expect(await changed(second, since)).toEqual({
          ...NO_ROWS,
          revision: 3,
          records: [['a', '3']],
          documents: [['c', 'd', '3']],
          outbox: [[3, undefined]],
        })
      }
    },
  },

  {
    title: 'changes tells nothing that was the same before',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, { records: [['early', '1']] }))
      await space.commit(commitOf(1, { records: [['late', '1']] }))
      expect(await changed(space, 1)).toEqual({ ...NO_ROWS, revision: 2, records: [['late', '1']] })
    },
  },

  {
    title: 'changes tells the outbox by rising position',
    async check({ open }) {
      const space = await open()
      for (const [revision, position] of [10, 9, 100, 2 ** 40, 1].entries()) {
        await space.commit(commitOf(revision, { outbox: [[position, 'x']] }))
      }
      expect((await changed(space, 0))?.outbox.map(([position]) => position)).toEqual([1, 9, 10, 100, 2 ** 40])
    },
  },

  {
    title: 'changes after the current revision is empty',
    async check({ open }) {
      const space = await open()
      expect(await changed(space, 0)).toEqual({ revision: 0, ...NO_ROWS })
      await space.commit(commitOf(0, ONE_OF_EACH))
      expect(await changed(space, 1)).toEqual({ revision: 1, ...NO_ROWS })
    },
  },

  {
    title: 'changes after an empty commit is only its revision',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0))
      expect(await changed(space, 0)).toEqual({ revision: 1, ...NO_ROWS })
    },
  },

  {
    title: 'changes after a revision that never was is not known',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      for (const since of [2, 1000, -1, 0.5, Number.NaN]) expect(await space.changes(since)).toBe(undefined)
    },
  },

  {
    title: 'changes after a revision of long ago is whole, or not known',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      for (let revision = 0; revision < 400; revision++) {
        await first.commit(commitOf(revision, { documents: [['c', `d${revision}`, 'x']] }))
      }
      const told = await second.changes(0)
      expect([undefined, 400]).toContain(told?.documents.length)
      expect((await changed(second, 390))?.documents.length).toBe(10)
    },
  },

  {
    title: 'changes tells texts as they were, whatever they hold',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      const outbox = DIFFICULT_TEXTS.map((text, index) => [index, text] as const)
      await first.commit(commitOf(0, { outbox }))
      expect(await changed(second, 0)).toEqual({ ...NO_ROWS, revision: 1, outbox })
    },
  },

  {
    title: 'changes tells rows by names as they were, whatever they hold',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      const names = ['', 'a"b', "a'b", 'a\\b', 'a,b', 'a/b', 'é', '__proto__', 'a b', '7']
      const rows = {
        records: names.map((name) => [name, `record ${name}`] as const),
        documents: names.map((name) => [name, `of ${name}`, `document ${name}`] as const),
        outbox: [],
        rejected: names.map((name) => [name, `refused ${name}`] as const),
      }
      await first.commit(commitOf(0, rows))
      expect(await changed(second, 0)).toEqual({ revision: 1, ...sorted(rows) })
    },
  },

  {
    title: 'changes tells a thousand rows of every table',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      const rows = rowsWith('x', 1000)
      await first.commit(commitOf(0, rows))
      expect(await changed(second, 0)).toEqual({ revision: 1, ...sorted(rows) })
    },
  },

  {
    title: 'changes tells nothing of a commit that was refused',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, { records: [['a', '1']] }))
      expect(await codeOf(second.commit(commitOf(0, rowsWith('x', 2))))).toBe('store_moved')
      expect(await changed(second, 0)).toEqual({ ...NO_ROWS, revision: 1, records: [['a', '1']] })
    },
  },

  {
    title: 'changes tells nothing of another space',
    async check({ open }) {
      const [stories, drafts] = [await open('stories'), await open('drafts')]
      await stories.commit(commitOf(0, ONE_OF_EACH))
      await drafts.commit(commitOf(0, { records: [['a', 'draft']] }))
      expect(await changed(drafts, 0)).toEqual({ ...NO_ROWS, revision: 1, records: [['a', 'draft']] })
    },
  },

  {
    title: 'after reopening, changes tells the same as before, or does not know',
    async check({ open, reopen }) {
      const space = await open()
      await space.commit(commitOf(0, rowsWith('x', 1)))
      await space.commit(commitOf(1, ONE_OF_EACH))
      const again = await reopen(space)
      expect([undefined, { revision: 2, ...ONE_OF_EACH }]).toContainEqual(await changed(again, 1))
      expect(await changed(again, 2)).toEqual({ revision: 2, ...NO_ROWS })
    },
  },

  ...[1, 2, 3, 4].map((seed) => ({
    title: `an older load with the changes after it is the newer load (seed ${seed})`,
    check: async (bench: Bench) => followHistory(chanceOf(seed), bench),
  })),
]

const changed = async (space: SpaceStore, since: number): Promise<StoreChanges | undefined> => {
  const told = await space.changes(since)
  return told && sorted(told)
}

/** Commits of three openings at random; every now and then one of them catches up from where it loaded last. */
async function followHistory(chance: Chance, { open }: Bench): Promise<void> {
  const openings = await Promise.all([open(), open(), open()])
  const known = await Promise.all(openings.map(async (space) => space.load()))
  for (let revision = 0; revision < STEPS; revision++) {
    await openings[chance(3)]?.commit(commitOf(revision, randomRows(chance)))
    const reader = chance(3)
    const space = openings[reader] as SpaceStore
    const before = known[reader] as StoredSpace
    const told = await space.changes(before.revision)
    expect(told?.revision).toBe(revision + 1)
    if (told && chance(3) === 0) {
      const now = await loaded(space)
      expect(sorted(withChanges(before, told))).toEqual(now)
      known[reader] = now
    }
  }
}

function randomRows(chance: Chance): StoreRows {
  const text = (): string | undefined => (chance(3) === 0 ? undefined : `${chance(1000)}`)
  const some = <Row>(row: () => Row): Row[] => Array.from({ length: chance(4) }, row)
  return {
    records: some(() => [`r${chance(4)}`, text()]),
    documents: some(() => [`c${chance(2)}`, `d${chance(6)}`, text()]),
    outbox: some(() => [chance(12), text()]),
    rejected: some(() => [`x${chance(4)}`, text()]),
  }
}

const withChanges = (stored: StoredSpace, changes: StoreChanges): StoredSpace => ({
  revision: changes.revision,
  records: merged(stored.records, changes.records, ([name]) => name),
  documents: merged(stored.documents, changes.documents, ([collection, document]) => `${collection}/${document}`),
  outbox: merged(stored.outbox, changes.outbox, ([position]) => position).toSorted(([a], [b]) => a - b),
  rejected: merged(stored.rejected, changes.rejected, ([name]) => name),
})

function merged<Row extends readonly unknown[], Change extends readonly unknown[]>(
  rows: readonly Row[],
  changes: readonly Change[],
  keyOf: (row: Row | Change) => unknown,
): Row[] {
  const byKey = new Map<unknown, Row | Change>(rows.map((row) => [keyOf(row), row]))
  for (const change of changes) byKey.set(keyOf(change), change)
  return [...byKey.values()].filter((row) => row.at(-1) !== undefined) as Row[]
}
