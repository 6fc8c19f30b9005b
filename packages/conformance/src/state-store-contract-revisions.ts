import type { SpaceStore } from '@whisker/protocol'
import { expect } from 'vitest'
import type { BenchBehaviour } from './state-store-contract-bench.ts'
import { NO_ROWS, ONE_OF_EACH, codeOf, commitOf, loaded, rowsWith } from './state-store-contract-bench.ts'

/** What keeps the commits of several openings apart. */
export const STATE_REVISION_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'a commit on another revision is refused as store_moved and changes nothing',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      for (const revision of [0, 2, -1]) {
        const stale = commitOf(revision, { records: [['slot', 'two']], outbox: [[1, undefined]] })
        await expect(space.commit(stale)).rejects.toMatchObject({ code: 'store_moved', fix: expect.any(String) })
      }
      expect(await space.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await space.commit(commitOf(1))
    },
  },

  {
    title: 'what one opening committed is loaded by another',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, ONE_OF_EACH))
      expect(await second.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'commits of two openings take turns by revision',
    async check({ open, reopen }) {
      const openings = [await open(), await open()]
      for (let revision = 0; revision < 10; revision++) {
        await openings[revision % 2]?.commit(commitOf(revision, { outbox: [[revision, `of ${revision % 2}`]] }))
      }
      await openings[1]?.close()
      const again = await reopen(openings[0] as SpaceStore)
      expect(await again.load()).toEqual({
        ...NO_ROWS,
        revision: 10,
        outbox: Array.from({ length: 10 }, (_, revision) => [revision, `of ${revision % 2}`]),
      })
    },
  },

  {
    title: 'an opening that is behind is refused until it commits on what it missed',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, { records: [['a', 'first']] }))
      const late = { records: [['a', 'second']], documents: [['c', 'd', 'x']], outbox: [[1, 'x']] } as const
      expect(await codeOf(second.commit(commitOf(0, late)))).toBe('store_moved')
      expect(await second.load()).toEqual({ revision: 1, ...NO_ROWS, records: [['a', 'first']] })
      await second.commit(commitOf(1, late))
      expect(await first.load()).toEqual({ revision: 2, ...NO_ROWS, ...late })
    },
  },

  {
    title: 'of many commits on one revision exactly one is taken, and it is whole',
    async check({ open }) {
      const openings = [await open(), await open(), await open(), await open()]
      const codes = await Promise.all(
        openings.map(async (space, index) => codeOf(space.commit(commitOf(0, rowsWith(`${index}`, 10))))),
      )
      const winner = codes.indexOf(undefined)
      expect(codes).toEqual(openings.map((_, index) => (index === winner ? undefined : 'store_moved')))
      for (const space of openings) expect(await loaded(space)).toEqual({ revision: 1, ...rowsWith(`${winner}`, 10) })
    },
  },

  {
    title: 'no commit is lost when every opening loads and tries again',
    async check({ open }) {
      const openings = [await open(), await open(), await open()]
      await Promise.all(openings.map(async (space, index) => append(space, `of ${index}`, 20)))
      const { revision, outbox } = await (openings[0] as SpaceStore).load()
      expect(revision).toBe(60)
      expect(outbox.map(([, text]) => text).toSorted()).toEqual(
        openings.flatMap((_, index) => Array<string>(20).fill(`of ${index}`)),
      )
    },
  },

  {
    title: 'what an opening committed stays when it closes before the others',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, ONE_OF_EACH))
      await first.close()
      expect(await second.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await second.commit(commitOf(1))
    },
  },
]

/** Adds outbox rows after those that are there, as an engine does: what moved is loaded, and it tries again. */
async function append(space: SpaceStore, text: string, count: number): Promise<void> {
  for (let added = 0; added < count;) {
    const { revision, outbox } = await space.load()
    const code = await codeOf(space.commit(commitOf(revision, { outbox: [[outbox.length, text]] })))
    if (code === undefined) added++
    else expect(code).toBe('store_moved')
  }
}
