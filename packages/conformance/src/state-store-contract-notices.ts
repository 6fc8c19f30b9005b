import { expect } from 'vitest'
import type { BenchBehaviour } from './state-store-contract-bench.ts'
import { ONE_OF_EACH, commitOf } from './state-store-contract-bench.ts'

// That somebody hears nothing is shown by another who was to hear of the same commit, or of a later one.

/** What openings tell each other: commits, and who leads. */
export const STATE_NOTICE_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: "a watch hears of another opening's commit, and can load it by then",
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const watching = hearing(second)
      const commit = first.commit(commitOf(0, ONE_OF_EACH))
      await watching.heard()
      expect(await second.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      expect(await second.changes(0)).toEqual({ revision: 1, ...ONE_OF_EACH })
      await commit
    },
  },

  {
    title: 'the first commit after a watch has told is told too',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const early = hearing(second)
      await first.commit(commitOf(0))
      await early.heard()
      const late = hearing(second)
      await first.commit(commitOf(1))
      await late.heard()
      expect(early.calls).toBeGreaterThan(1)
    },
  },

  {
    title: 'a watch hears of a commit that follows one of its own',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const watching = hearing(second)
      await second.commit(commitOf(0))
      await first.commit(commitOf(1))
      await watching.heard()
      expect((await second.load()).revision).toBe(2)
    },
  },

  {
    title: 'a watch never hears of the commits of its own opening',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const own = hearing(first)
      const others = hearing(second)
      await first.commit(commitOf(0))
      await others.heard()
      expect(own.calls).toBe(0)
    },
  },

  {
    title: 'several watches of one opening hear of the same commit',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const watching = [hearing(second), hearing(second)]
      await first.commit(commitOf(0))
      for (const one of watching) await one.heard()
      expect(watching.map((one) => one.calls)).toEqual([1, 1])
    },
  },

  {
    title: 'a watch that was ended hears nothing more, and can be ended twice',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const ended = hearing(second)
      const going = hearing(second)
      ended.stop()
      ended.stop()
      await first.commit(commitOf(0))
      await going.heard()
      expect(ended.calls).toBe(0)
    },
  },

  {
    title: 'the watch of an opening that was closed hears nothing more',
    async check({ open, hearing }) {
      const [first, second, third] = [await open(), await open(), await open()]
      const closed = hearing(second)
      const going = hearing(third)
      await second.close()
      await first.commit(commitOf(0))
      await going.heard()
      expect(closed.calls).toBe(0)
    },
  },

  {
    title: 'a watch hears nothing of another space',
    async check({ open, hearing }) {
      const [stories, others, drafts] = [await open('stories'), await open('stories'), await open('drafts')]
      const elsewhere = hearing(drafts)
      const here = hearing(others)
      await stories.commit(commitOf(0))
      await here.heard()
      expect(elsewhere.calls).toBe(0)
    },
  },

  {
    title: 'a listener is not called while the commit is being asked for',
    async check({ open, hearing }) {
      const [first, second] = [await open(), await open()]
      const watching = hearing(second)
      const commit = first.commit(commitOf(0))
      const during = watching.calls
      await commit
      await watching.heard()
      expect(during).toBe(0)
    },
  },

  {
    title: 'one opening at a time has the lead, however often it is asked',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      expect([await first.lead(), await first.lead(), await second.lead()]).toEqual([true, true, false])
      expect([await second.lead(), await first.lead()]).toEqual([false, true])
    },
  },

  {
    title: 'of several that ask for the lead at once exactly one has it',
    async check({ open }) {
      const openings = [await open(), await open(), await open(), await open()]
      const leads = await Promise.all(openings.map(async (space) => space.lead()))
      expect(leads.filter(Boolean)).toEqual([true])
      expect(await Promise.all(openings.map(async (space) => space.lead()))).toEqual(leads)
    },
  },

  {
    title: 'the lead can be taken by another after it was given up',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.lead()
      await first.resign()
      expect([await second.lead(), await first.lead()]).toEqual([true, false])
      await second.resign()
      expect(await first.lead()).toBe(true)
    },
  },

  {
    title: 'giving up a lead that another has changes nothing',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.lead()
      await second.resign()
      expect([await second.lead(), await first.lead()]).toEqual([false, true])
    },
  },

  {
    title: 'the lead can be taken by another after its opening was closed',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.lead()
      await first.close()
      expect(await second.lead()).toBe(true)
    },
  },

  {
    title: 'the lead can be taken by the next opening after the space was destroyed',
    async check({ open }) {
      const space = await open()
      await space.lead()
      await space.destroy()
      expect(await (await open()).lead()).toBe(true)
    },
  },

  {
    title: 'the lead of one space is not that of another',
    async check({ open }) {
      const [stories, drafts] = [await open('stories'), await open('drafts')]
      expect([await stories.lead(), await drafts.lead()]).toEqual([true, true])
    },
  },

  {
    title: 'an opening that does not lead commits as one that does',
    async check({ open }) {
      const [first, second] = [await open(), await open()]
      await first.lead()
      await second.commit(commitOf(0, ONE_OF_EACH))
      expect(await first.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },
]
