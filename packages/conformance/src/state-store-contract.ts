import { describe, expect, test } from 'vitest'
import type { DeviceId, SpaceStore, StateStore, StoreCommit, StoredSpace } from '@whisker/protocol'

/** A new, empty place in which stores keep their rows. */
export interface StatePlace {
  /** A store over this place: another object each time, if several can share what they keep. */
  store(): StateStore
  /** Removes the place. */
  dispose?(): void | Promise<void>
}

/** A promise that every `StateStore` keeps. */
export interface StateStoreBehaviour {
  readonly title: string
  run(place: StatePlace): Promise<void>
}

/** Registers every behaviour as a test; `makePlace` is called once for each. */
export function stateStoreContract(makePlace: () => StatePlace | Promise<StatePlace>): void {
  describe('what every state store keeps', () => {
    test.for(BEHAVIOURS.map((behaviour) => [behaviour.title, behaviour] as const))('%s', async ([, behaviour]) => {
      expect.hasAssertions()
      const place = await makePlace()
      try {
        await behaviour.run(place)
      } finally {
        await place.dispose?.()
      }
    })
  })
}

const mintA = (): DeviceId => 'A'.repeat(22) as DeviceId
const mintB = (): DeviceId => 'B'.repeat(22) as DeviceId
const open = (place: StatePlace, space = 'stories'): Promise<SpaceStore> => place.store().open(space, mintA)

const commitOf = (revision: number, rows: Partial<StoreCommit> = {}): StoreCommit => ({
  records: [],
  documents: [],
  outbox: [],
  rejected: [],
  ...rows,
  revision,
})

/** Only the outbox has an order of its own. */
const sorted = (stored: StoredSpace): StoredSpace => ({
  ...stored,
  records: stored.records.toSorted(byText),
  documents: stored.documents.toSorted(byText),
  rejected: stored.rejected.toSorted(byText),
})
const byText = (a: readonly unknown[], b: readonly unknown[]): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
const loaded = async (space: SpaceStore): Promise<StoredSpace> => sorted(await space.load())

async function reopened(place: StatePlace, space: SpaceStore): Promise<SpaceStore> {
  await space.close()
  return open(place)
}

const ONE_OF_EACH = {
  records: [['slot', 'one']],
  documents: [['stories', 'dragon', '{"title":"The Dragon"}']],
  outbox: [[1, 'first']],
  rejected: [['a:1', 'refused']],
} as const satisfies Partial<StoreCommit>

/** Texts that a store could be tempted to change: none of them may be. */
const DIFFICULT_TEXTS = [
  '',
  ' ',
  '\0',
  'before\0after',
  '\uFEFFmark',
  '\uFFFD\uFFFF',
  '\u2028\u2029',
  'e\u0301 \u00E9',
  '👩‍👩‍👧 𝔘 \u{10FFFF}',
  "'; DROP TABLE documents; --",
  '1e400',
  '007',
  '\r\n\t\\"',
  'x'.repeat(1_200_000),
]

const BEHAVIOURS: readonly StateStoreBehaviour[] = [
  {
    title: 'a new space is empty, at revision 0',
    async run(place) {
      const space = await open(place)
      expect(await space.load()).toEqual({ revision: 0, records: [], documents: [], outbox: [], rejected: [] })
      await space.close()
    },
  },
  {
    title: 'what was committed is loaded, one revision later',
    async run(place) {
      const space = await open(place)
      await space.commit(commitOf(0, ONE_OF_EACH))
      expect(await space.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await space.close()
    },
  },
  {
    title: 'what was committed is there after reopening',
    async run(place) {
      const space = await open(place)
      await space.commit(commitOf(0, ONE_OF_EACH))
      const again = await reopened(place, space)
      expect(await again.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await again.close()
    },
  },
  {
    title: 'a row is replaced by its next text, and removed by undefined',
    async run(place) {
      const space = await open(place)
      await space.commit(
        commitOf(0, {
          records: [
            ['kept', '1'],
            ['gone', '1'],
          ],
          documents: [
            ['c', 'kept', '1'],
            ['c', 'gone', '1'],
            ['d', 'kept', '1'],
          ],
          outbox: [
            [1, 'a'],
            [2, 'a'],
          ],
          rejected: [
            ['kept', '1'],
            ['gone', '1'],
          ],
        }),
      )
      await space.commit(
        commitOf(1, {
          records: [
            ['kept', '2'],
            ['gone', undefined],
          ],
          documents: [
            ['c', 'kept', '2'],
            ['c', 'gone', undefined],
          ],
          outbox: [
            [1, undefined],
            [2, 'b'],
          ],
          rejected: [
            ['kept', '2'],
            ['gone', undefined],
          ],
        }),
      )
      expect(await loaded(space)).toEqual({
        revision: 2,
        records: [['kept', '2']],
        documents: [
          ['c', 'kept', '2'],
          ['d', 'kept', '1'],
        ],
        outbox: [[2, 'b']],
        rejected: [['kept', '2']],
      })
      await space.close()
    },
  },
  {
    title: 'removing what is not there is no error, and the last of several texts for a row holds',
    async run(place) {
      const space = await open(place)
      await space.commit(
        commitOf(0, {
          records: [
            ['a', '1'],
            ['a', '2'],
            ['b', '1'],
            ['b', undefined],
          ],
          documents: [['c', 'none', undefined]],
          outbox: [[9, undefined]],
          rejected: [['none', undefined]],
        }),
      )
      expect(await space.load()).toEqual({
        revision: 1,
        records: [['a', '2']],
        documents: [],
        outbox: [],
        rejected: [],
      })
      await space.close()
    },
  },
  {
    title: 'an empty commit is a commit',
    async run(place) {
      const space = await open(place)
      await space.commit(commitOf(0))
      expect((await space.load()).revision).toBe(1)
      await space.close()
    },
  },
  {
    title: 'the outbox comes by rising position, however it was written',
    async run(place) {
      const space = await open(place)
      const positions = [10, 9, 2, 1, 100, 2 ** 40, Number.MAX_SAFE_INTEGER, 0]
      await space.commit(commitOf(0, { outbox: positions.map((position) => [position, `at ${position}`]) }))
      const { outbox } = await space.load()
      expect(outbox).toEqual(positions.toSorted((a, b) => a - b).map((position) => [position, `at ${position}`]))
      await space.close()
    },
  },
  {
    title: 'texts come back as they were, whatever they hold',
    async run(place) {
      const space = await open(place)
      await space.commit(
        commitOf(0, {
          records: DIFFICULT_TEXTS.map((text, index) => [`r${index}`, text]),
          documents: DIFFICULT_TEXTS.map((text, index) => ['c', `d${index}`, text]),
          outbox: DIFFICULT_TEXTS.map((text, index) => [index, text]),
          rejected: DIFFICULT_TEXTS.map((text, index) => [`x${index}`, text]),
        }),
      )
      const again = await reopened(place, space)
      const stored = await again.load()
      expect(new Map(stored.records)).toEqual(new Map(DIFFICULT_TEXTS.map((text, index) => [`r${index}`, text])))
      expect(new Map(stored.documents.map(([, id, text]) => [id, text]))).toEqual(
        new Map(DIFFICULT_TEXTS.map((text, index) => [`d${index}`, text])),
      )
      expect(stored.outbox).toEqual(DIFFICULT_TEXTS.map((text, index) => [index, text]))
      expect(new Map(stored.rejected)).toEqual(new Map(DIFFICULT_TEXTS.map((text, index) => [`x${index}`, text])))
      await again.close()
    },
  },
  {
    title: 'names that differ only in case, or in where they are cut, are different rows',
    async run(place) {
      const space = await open(place)
      const documents = [
        ['a', 'b', '1'],
        ['A', 'b', '2'],
        ['a', 'B', '3'],
        ['ab', 'c', '4'],
        ['a', 'bc', '5'],
      ] as const
      await space.commit(
        commitOf(0, {
          documents,
          records: [
            ['n', '1'],
            ['N', '2'],
          ],
        }),
      )
      const stored = await loaded(space)
      expect(stored.documents).toEqual(documents.toSorted(byText))
      expect(stored.records).toEqual([
        ['N', '2'],
        ['n', '1'],
      ])
      await space.close()
    },
  },
  {
    title: 'a commit on another revision is refused as store_in_use and changes nothing',
    async run(place) {
      const space = await open(place)
      await space.commit(commitOf(0, ONE_OF_EACH))
      for (const revision of [0, 2, -1]) {
        const stale = commitOf(revision, { records: [['slot', 'two']], outbox: [[1, undefined]] })
        await expect(space.commit(stale)).rejects.toMatchObject({ code: 'store_in_use', fix: expect.any(String) })
      }
      expect(await space.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await space.commit(commitOf(1))
      await space.close()
    },
  },
  {
    title: 'commits that were not awaited take effect in the order of the calls',
    async run(place) {
      const space = await open(place)
      const revisions = Array.from({ length: 20 }, (_, revision) => revision)
      await Promise.all(
        revisions.map((revision) => space.commit(commitOf(revision, { records: [['n', `${revision}`]] }))),
      )
      expect(await space.load()).toMatchObject({ revision: 20, records: [['n', '19']] })
      await space.close()
    },
  },
  {
    title: 'what load returned does not change with later commits',
    async run(place) {
      const space = await open(place)
      await space.commit(commitOf(0, ONE_OF_EACH))
      const before = await space.load()
      await space.commit(commitOf(1, { records: [['slot', 'two']], documents: [['stories', 'dragon', undefined]] }))
      expect(before).toEqual({ revision: 1, ...ONE_OF_EACH })
      await space.close()
    },
  },
  {
    title: 'the rows of one space are not those of another',
    async run(place) {
      const first = await open(place, 'first')
      const second = await open(place, 'second')
      await first.commit(commitOf(0, ONE_OF_EACH))
      expect((await second.load()).records).toEqual([])
      await second.commit(commitOf(0, { records: [['slot', 'other']], outbox: [[1, 'other']] }))
      expect(await first.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await first.close()
      await second.close()
    },
  },
  {
    title: 'the device id is minted once for all spaces, and stays',
    async run(place) {
      const first = await place.store().open('first', mintA)
      const second = await place.store().open('second', mintB)
      expect([first.device, second.device]).toEqual([mintA(), mintA()])
      await first.destroy()
      await second.destroy()
      const again = await place.store().open('first', mintB)
      expect(again.device).toBe(mintA())
      await again.close()
    },
  },
  {
    title: 'a mint that throws leaves nothing behind, and the next one is asked',
    async run(place) {
      const failing = place.store().open('stories', () => {
        throw new Error('no chance today')
      })
      await expect(failing).rejects.toMatchObject({ code: expect.any(String) })
      const space = await place.store().open('stories', mintB)
      expect(space.device).toBe(mintB())
      await space.close()
    },
  },
  {
    title: 'a space is open once at a time, and free again after close or destroy',
    async run(place) {
      const space = await open(place)
      await expect(open(place)).rejects.toMatchObject({ code: 'store_in_use', fix: expect.any(String) })
      await space.commit(commitOf(0))
      const again = await reopened(place, space)
      await again.destroy()
      await (await open(place)).close()
    },
  },
  {
    title: 'destroy removes everything of its space and nothing of another',
    async run(place) {
      const space = await open(place)
      const other = await open(place, 'other')
      await space.commit(commitOf(0, ONE_OF_EACH))
      await other.commit(commitOf(0, ONE_OF_EACH))
      await space.destroy()
      const again = await open(place)
      expect(await again.load()).toEqual({ revision: 0, records: [], documents: [], outbox: [], rejected: [] })
      expect(await other.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      await again.close()
      await other.close()
    },
  },
  {
    title: 'a closed space refuses every call as closed, and closing again does nothing',
    async run(place) {
      const space = await open(place)
      await space.close()
      await space.close()
      await expect(space.load()).rejects.toMatchObject({ code: 'closed' })
      await expect(space.commit(commitOf(0))).rejects.toMatchObject({ code: 'closed' })
      await expect(space.destroy()).rejects.toMatchObject({ code: 'closed' })
      expect(() => space.watch(() => undefined)()).not.toThrow()
    },
  },
  {
    title: 'watching never hears of its own commits, and can be ended twice',
    async run(place) {
      const space = await open(place)
      let calls = 0
      const stop = space.watch(() => calls++)
      await space.commit(commitOf(0))
      stop()
      stop()
      await space.commit(commitOf(1))
      expect(calls).toBe(0)
      await space.close()
    },
  },
]
