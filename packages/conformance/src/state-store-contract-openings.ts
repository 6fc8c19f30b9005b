import { expect } from 'vitest'
import type { BenchBehaviour } from './state-store-contract-bench.ts'
import { NO_ROWS, ONE_OF_EACH, codeOf, commitOf, mintA, mintB } from './state-store-contract-bench.ts'

const MOST_SLOTS = 64

/** Spaces, devices and slots; how a space ends. */
export const STATE_OPENING_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'slots are given from the lowest on',
    async check({ open }) {
      const slots = [(await open()).slot, (await open()).slot, (await open()).slot]
      expect(slots).toEqual([0, 1, 2])
    },
  },

  {
    title: 'openings at the same moment get different slots and one device',
    async check({ open }) {
      const openings = await Promise.all([open('stories', mintA), open('stories', mintB), open('stories', mintA)])
      expect(openings.map((space) => space.slot).toSorted((a, b) => a - b)).toEqual([0, 1, 2])
      expect(new Set(openings.map((space) => space.device)).size).toBe(1)
    },
  },

  {
    title: 'a slot that was closed is the next to be given, the lowest first',
    async check({ open }) {
      const [first, second, third] = [await open(), await open(), await open()]
      await second.close()
      await first.close()
      await first.close()
      expect([(await open()).slot, (await open()).slot, (await open()).slot]).toEqual([0, 1, 3])
      expect(third.slot).toBe(2)
    },
  },

  {
    title: 'the slots of one space are not those of another',
    async check({ open }) {
      expect([(await open('first')).slot, (await open('second')).slot]).toEqual([0, 0])
    },
  },

  {
    title: 'a space is open 64 times at most, and then it is store_in_use',
    async check({ open }) {
      const openings = []
      for (let slot = 0; slot < MOST_SLOTS; slot++) openings.push(await open())
      expect(openings.map((space) => space.slot)).toEqual(Array.from(openings.keys()))
      await expect(open()).rejects.toMatchObject({ code: 'store_in_use', fix: expect.any(String) })
      await openings[17]?.close()
      expect((await open()).slot).toBe(17)
    },
  },

  {
    title: 'the rows of one space are not those of another',
    async check({ open }) {
      const [first, second] = [await open('first'), await open('second')]
      await first.commit(commitOf(0, ONE_OF_EACH))
      expect(await second.load()).toEqual({ revision: 0, ...NO_ROWS })
      await second.commit(commitOf(0, { records: [['slot', 'other']], outbox: [[1, 'other']] }))
      expect(await first.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'the device id is minted once for all spaces, and stays',
    async check({ open }) {
      const [first, second] = [await open('first', mintA), await open('second', mintB)]
      expect([first.device, second.device]).toEqual([mintA(), mintA()])
      await first.destroy()
      await second.destroy()
      expect((await open('first', mintB)).device).toBe(mintA())
    },
  },

  {
    title: 'a mint that throws leaves nothing behind, and the next one is asked',
    async check({ open }) {
      const failing = open('stories', () => {
        throw new Error('no chance today')
      })
      await expect(failing).rejects.toMatchObject({ code: expect.any(String) })
      const space = await open('stories', mintB)
      expect([space.device, space.slot]).toEqual([mintB(), 0])
    },
  },

  {
    title: 'destroy removes everything of its space and nothing of another',
    async check({ open }) {
      const [space, other] = [await open(), await open('other')]
      await space.commit(commitOf(0, ONE_OF_EACH))
      await other.commit(commitOf(0, ONE_OF_EACH))
      await space.destroy()
      const again = await open()
      expect([again.slot, await again.load()]).toEqual([0, { revision: 0, ...NO_ROWS }])
      expect(await other.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'destroy is refused as store_in_use while another has the space open',
    async check({ open, reopen }) {
      const [first, second] = [await open(), await open()]
      await first.commit(commitOf(0, ONE_OF_EACH))
      for (const space of [first, second]) {
        await expect(space.destroy()).rejects.toMatchObject({ code: 'store_in_use', fix: expect.any(String) })
      }
      await second.commit(commitOf(1))
      await second.close()
      expect(await first.load()).toEqual({ revision: 2, ...ONE_OF_EACH })
      await first.destroy()
      expect(await (await reopen(first)).load()).toEqual({ revision: 0, ...NO_ROWS })
    },
  },

  {
    title: 'a space that was destroyed begins anew, and nothing is known of before',
    async check({ open }) {
      const space = await open()
      for (let revision = 0; revision < 3; revision++) await space.commit(commitOf(revision, ONE_OF_EACH))
      await space.destroy()
      const again = await open()
      await again.commit(commitOf(0, { records: [['a', 'new']] }))
      expect(await again.changes(2)).toBe(undefined)
      expect(await again.changes(0)).toEqual({ ...NO_ROWS, revision: 1, records: [['a', 'new']] })
    },
  },

  {
    title: 'a closed space refuses every call as closed, and closing again does nothing',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0))
      await space.close()
      await space.close()
      const refused = [
        space.load(),
        space.changes(0),
        space.commit(commitOf(1)),
        space.lead(),
        space.resign(),
        space.destroy(),
      ]
      expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'closed'))
      expect(() => space.watch(() => undefined)()).not.toThrow()
      expect(await (await open()).load()).toEqual({ revision: 1, ...NO_ROWS })
    },
  },

  {
    title: 'a space that was destroyed is closed',
    async check({ open }) {
      const space = await open()
      await space.destroy()
      expect([await codeOf(space.load()), await codeOf(space.commit(commitOf(0)))]).toEqual(['closed', 'closed'])
      await space.close()
    },
  },
]
