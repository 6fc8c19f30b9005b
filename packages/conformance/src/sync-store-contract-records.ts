import { expect } from 'vitest'
import { DIFFICULT_TEXTS } from './difficult-texts.ts'
import type { BenchBehaviour } from './sync-store-contract-bench.ts'
import {
  DEVICE,
  EPOCH,
  contentsOf,
  deviceNamed,
  epochNamed,
  put,
  readContents,
  replicaChange,
  replicaNamed,
  replicaRow,
  stateAt,
} from './sync-store-contract-bench.ts'

const LARGEST = Number.MAX_SAFE_INTEGER

/** A space beside its documents: its record, its epochs, who writes there and who no longer may. */
export const RECORD_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'a space that nobody wrote yet has a record with nothing in it',
    async check(store) {
      expect(await readContents(store, 'nobody')).toEqual({
        record: {
          exists: false,
          head: 0,
          epochs: [{ id: EPOCH, began: 0 }],
          strategies: [],
          highestTime: 0,
          collected: 0,
          usage: { documents: 0, bytes: 0 },
          digest: { documents: 0, hash: 0 },
        },
        replicas: [],
        checks: [],
        documents: [],
      })
    },
  },

  {
    title: 'reading a space, and a write that puts nothing, do not make it',
    async check(store) {
      await store.read('s', contentsOf)
      await store.write('s', contentsOf)
      expect((await readContents(store, 's')).record.exists).toBe(false)
    },
  },

  {
    title: 'a space comes into being with its first put, whatever is in it',
    async check(store) {
      await put(store, 's', {})
      expect((await readContents(store, 's')).record).toMatchObject({ exists: true, head: 0 })
    },
  },

  {
    title: 'head, time, collected, usage and digest are those of the last put',
    async check(store) {
      const figures = {
        head: 9,
        highestTime: 101,
        collected: 4,
        usage: { documents: 2, bytes: 40 },
        digest: { documents: 1, hash: 71 },
      }
      await put(store, 's', {
        head: 4,
        highestTime: 100,
        collected: 1,
        usage: { documents: 3, bytes: 500 },
        digest: { documents: 2, hash: 70 },
      })
      await put(store, 's', figures)
      expect((await readContents(store, 's')).record).toMatchObject(figures)
    },
  },

  {
    title: 'an epoch is recorded for every space with the head that it has then',
    async check(store) {
      await put(store, 'small', { head: 3 })
      await put(store, 'large', { head: 70 })
      await store.begin(epochNamed('second'))
      await put(store, 'small', { head: 5 })
      await store.begin(epochNamed('third'))
      const epochsOf = async (space: string): Promise<unknown> => (await readContents(store, space)).record.epochs
      expect(await epochsOf('small')).toEqual([
        { id: EPOCH, began: 0 },
        { id: epochNamed('second'), began: 3 },
        { id: epochNamed('third'), began: 5 },
      ])
      expect(await epochsOf('large')).toMatchObject([{ began: 0 }, { began: 70 }, { began: 70 }])
    },
  },

  {
    title: 'the epochs before a space came into being began at 0 in it',
    async check(store) {
      await put(store, 'older', { head: 12 })
      await store.begin(epochNamed('second'))
      await put(store, 'younger', { head: 8 })
      await store.begin(epochNamed('third'))
      const { epochs } = (await readContents(store, 'younger')).record
      expect(epochs).toEqual([
        { id: EPOCH, began: 0 },
        { id: epochNamed('second'), began: 0 },
        { id: epochNamed('third'), began: 8 },
      ])
    },
  },

  {
    title: 'epochs stay in the order of their beginning, over reopening and whatever their ids',
    async check(store, bench) {
      let current = store
      await put(current, 's', { head: 1 })
      for (const name of ['zebra', 'ant', 'Monkey']) {
        current = await bench.reopen()
        await current.begin(epochNamed(name))
      }
      current = await bench.reopen()
      const { epochs } = (await readContents(current, 's')).record
      expect(epochs.map(({ id }) => id)).toEqual([EPOCH, ...['zebra', 'ant', 'Monkey'].map(epochNamed)])
      expect(epochs.map(({ began }) => began)).toEqual([0, 1, 1, 1])
    },
  },

  {
    title: 'an epoch that began is there after a power cut',
    async check(store, bench) {
      await put(store, 's', { head: 2 })
      await store.begin(epochNamed('second'))
      const { epochs } = (await readContents(await bench.afterPowerCut(), 's')).record
      expect(epochs).toEqual([
        { id: EPOCH, began: 0 },
        { id: epochNamed('second'), began: 2 },
      ])
    },
  },

  {
    title: 'strategies are kept with their collection and seq',
    async check(store) {
      await put(store, 's', { head: 1, strategies: [{ collection: 'stories', strategy: 'manual', seq: 1 }] })
      await put(store, 's', {
        head: 3,
        strategies: [
          { collection: 'Stories', strategy: 'keep_both', seq: 2 },
          { collection: 'drafts', strategy: 'last_write_wins', seq: 3 },
        ],
      })
      expect((await readContents(store, 's')).record.strategies).toEqual([
        { collection: 'stories', strategy: 'manual', seq: 1 },
        { collection: 'Stories', strategy: 'keep_both', seq: 2 },
        { collection: 'drafts', strategy: 'last_write_wins', seq: 3 },
      ])
    },
  },

  {
    title: 'of the replicas asked for, those that are known are told',
    async check(store) {
      await put(store, 's', { replicas: [replicaChange('ann'), replicaChange('ben'), replicaChange('cat')] })
      const asked = ['cat', 'nobody', 'ann'].map(replicaNamed)
      const found = await store.read('s', (reader) => reader.replicas(asked))
      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([replicaRow('ann'), replicaRow('cat')]))
      expect(await store.read('s', (reader) => reader.replicas([]))).toEqual([])
    },
  },

  {
    title: 'all replicas come by id, bytewise',
    async check(store) {
      const names = ['zoe', 'Ann', '_x', 'ann', '-y', '0', 'Zoe']
      for (const name of names) await put(store, 's', { replicas: [replicaChange(name)] })
      const all = await store.read('s', (reader) => reader.allReplicas())
      expect(all.map(({ replica }) => replica)).toEqual(['-y', '0', 'Ann', 'Zoe', '_x', 'ann', 'zoe'].map(replicaNamed))
    },
  },

  {
    title: 'a replica is as it was last put, and the others stay as they were',
    async check(store) {
      await put(store, 's', { replicas: [replicaChange('ann'), replicaChange('ben')] })
      const changed = replicaRow('ann', {
        device: { id: deviceNamed('tablet'), name: 'A tablet' },
        last: { counter: 12, check: 99 },
        seenMs: 1_764_000_000_001,
        since: 40,
        isRetired: true,
      })
      await put(store, 's', { replicas: [{ row: changed, checks: [], forgetUpTo: 0 }] })
      expect(await store.read('s', (reader) => reader.allReplicas())).toEqual([changed, replicaRow('ben')])
      const back = { ...changed, isRetired: false }
      await put(store, 's', { replicas: [{ row: back, checks: [], forgetUpTo: 0 }] })
      expect(await store.read('s', (reader) => reader.replicas([back.replica]))).toEqual([back])
    },
  },

  {
    title: 'names of people and devices come back as they were, whatever they hold',
    async check(store, bench) {
      const rows = DIFFICULT_TEXTS.map((text, index) =>
        replicaRow(`r${String(index).padStart(3, '0')}`, { principal: text, device: { id: DEVICE, name: text } }),
      )
      await put(store, 's', { replicas: rows.map((row) => ({ row, checks: [], forgetUpTo: 0 })) })
      const again = await bench.reopen()
      expect(await again.read('s', (reader) => reader.allReplicas())).toEqual(rows)
    },
  },

  {
    title: 'check values come rising, from the counter that was asked for',
    async check(store) {
      await put(store, 's', { replicas: [replicaChange('ann', [1, 2, 3]), replicaChange('ben', [9])] })
      await put(store, 's', { replicas: [replicaChange('ann', [4, 10, 11])] })
      const from = (counter: number): Promise<unknown> =>
        store.read('s', (reader) => reader.checks(replicaNamed('ann'), counter))
      expect(await from(0)).toEqual([1, 2, 3, 4, 10, 11].map((counter) => ({ counter, check: counter * 1001 })))
      expect(await from(4)).toMatchObject([{ counter: 4 }, { counter: 10 }, { counter: 11 }])
      expect(await from(5)).toMatchObject([{ counter: 10 }, { counter: 11 }])
      expect(await from(12)).toEqual([])
      expect(await store.read('s', (reader) => reader.checks(replicaNamed('nobody'), 0))).toEqual([])
    },
  },

  {
    title: 'check values up to a counter are forgotten, of that replica only',
    async check(store) {
      await put(store, 's', { replicas: [replicaChange('ann', [1, 2, 3]), replicaChange('ben', [1, 2, 3])] })
      await put(store, 's', { replicas: [replicaChange('ann', [4], { forgetUpTo: 2 })] })
      const { checks } = await readContents(store, 's')
      expect(checks.map((marks) => marks.map(({ counter }) => counter))).toEqual([
        [3, 4],
        [1, 2, 3],
      ])
    },
  },

  {
    title: 'numbers up to the largest safe one come back as they were',
    async check(store, bench) {
      const row = replicaRow('ann', { last: { counter: LARGEST, check: LARGEST }, seenMs: LARGEST, since: LARGEST - 1 })
      await put(store, 's', {
        head: LARGEST,
        highestTime: LARGEST,
        collected: LARGEST - 2,
        usage: { documents: LARGEST, bytes: LARGEST },
        digest: { documents: LARGEST, hash: LARGEST },
        replicas: [{ row, checks: [{ counter: LARGEST, check: LARGEST }], forgetUpTo: LARGEST - 1 }],
        strategies: [{ collection: 'stories', strategy: 'manual', seq: LARGEST }],
        documents: [
          stateAt('one', LARGEST, 'text', {
            version: [{ replica: replicaNamed('ann'), counter: LARGEST }],
            stateBytes: LARGEST,
            tailBytes: LARGEST,
            tombstoneMs: LARGEST,
          }),
        ],
        revoked: [{ device: DEVICE, atMs: LARGEST }],
      })
      const again = await bench.reopen()
      expect(await readContents(again, 's')).toMatchObject({
        record: {
          head: LARGEST,
          highestTime: LARGEST,
          collected: LARGEST - 2,
          usage: { bytes: LARGEST },
          digest: { documents: LARGEST, hash: LARGEST },
        },
        replicas: [row],
        checks: [[{ counter: LARGEST, check: LARGEST }]],
        documents: [{ row: { seq: LARGEST, tombstoneMs: LARGEST, version: [{ counter: LARGEST }] } }],
      })
      expect(await again.read('s', (reader) => reader.revokedAt(DEVICE))).toBe(LARGEST)
    },
  },

  {
    title: 'a device is revoked at its time, in its space, and nobody else is',
    async check(store, bench) {
      await put(store, 's', { revoked: [{ device: DEVICE, atMs: 1_764_000_000_000 }] })
      await put(store, 'other', {})
      const again = await bench.reopen()
      const revokedAt = (space: string, name: string): Promise<number | undefined> =>
        again.read(space, (reader) => reader.revokedAt(deviceNamed(name)))
      expect(await revokedAt('s', 'laptop')).toBe(1_764_000_000_000)
      expect(await revokedAt('s', 'Laptop')).toBeUndefined()
      expect(await revokedAt('other', 'laptop')).toBeUndefined()
      expect(await revokedAt('nobody', 'laptop')).toBeUndefined()
    },
  },

  {
    title: 'the rows of one space are not those of another, nor of one whose name differs only in case',
    async check(store) {
      const spaces = ['stories', 'Stories', 'stories.', 'stories~1', 's']
      for (const [index, space] of spaces.entries()) {
        await put(store, space, {
          head: index + 1,
          documents: [stateAt('one', index + 1, `of ${space}`)],
          replicas: [replicaChange('ann', [index + 1])],
          strategies: [{ collection: 'stories', strategy: 'manual', seq: index + 1 }],
        })
      }
      for (const [index, space] of spaces.entries()) {
        expect(await readContents(store, space)).toMatchObject({
          record: { head: index + 1, strategies: [{ seq: index + 1 }] },
          checks: [[{ counter: index + 1 }]],
          documents: [{ state: `of ${space}` }],
        })
      }
    },
  },

  {
    title: 'hundreds of spaces are written at once, and each is its own',
    async check(store) {
      const spaces = Array.from({ length: 300 }, (_, index) => `space-${index}`)
      await Promise.all(
        spaces.map((space, index) => put(store, space, { head: index + 1, documents: [stateAt(space, index + 1)] })),
      )
      await store.begin(epochNamed('second'))
      const found = await Promise.all(spaces.map((space) => readContents(store, space)))
      expect(found.map(({ record }) => record.epochs[1]?.began)).toEqual(spaces.map((_, index) => index + 1))
      expect(found.map(({ documents }) => documents.map(({ row }) => row.document))).toEqual(spaces.map((one) => [one]))
    },
  },
]
