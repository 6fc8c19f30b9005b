import type { DocumentChange, ReplicaChange, SpaceChanges, SpaceReader, SyncStore } from '@whisker/protocol'
import { expect } from 'vitest'
import { type Chance, chanceOf } from './chance.ts'
import type { Bench, BenchBehaviour } from './sync-store-contract-bench.ts'
import {
  EPOCH,
  changesOf,
  contentsOf,
  deviceNamed,
  entryAt,
  epochNamed,
  plainRow,
  replicaNamed,
  replicaRow,
  rowOf,
} from './sync-store-contract-bench.ts'
import {
  type DocumentData,
  EMPTY_STORE,
  type SpaceData,
  type StoreData,
  readerOf,
  spaceOf,
  withChanges,
  withEpoch,
  withSpace,
} from './sync-store-model.ts'

const SPACES = ['stories', 'Stories', 'drafts']
const REPLICAS = ['ann', 'ben', 'cat']
const DEVICES = ['laptop', 'tablet']
const COLLECTIONS = ['stories', 'drafts', 'notes']
const STEPS = 60
const THROWN = new Error('the work failed')

/** A store goes through a history of its own making, and reads like a plain model of it at every step. */
export const HISTORY_BEHAVIOURS: readonly BenchBehaviour[] = [1, 2, 3, 4, 5, 6].map((seed) => ({
  title: `a random history of puts reads like a plain model of it (seed ${seed})`,
  check: (store, bench) => follow(chanceOf(seed), store, bench),
}))

async function follow(chance: Chance, first: SyncStore, bench: Bench): Promise<void> {
  let store = first
  let model = withEpoch(EMPTY_STORE, EPOCH)
  for (let step = 0; step < STEPS; step++) {
    const name = pick(chance, SPACES)
    switch (chance(12)) {
      case 0:
        store = await bench.reopen()
        break
      case 1:
        await store.begin(epochNamed(`e${step}`))
        model = withEpoch(model, epochNamed(`e${step}`))
        break
      case 2:
        await failingWrite(store, name, randomChanges(chance, spaceOf(model, name)))
        break
      default:
        model = await writtenWith(chance, store, model, name)
    }
    const probe = probeOf(chance, spaceOf(model, name))
    const found = await store.read(name, probe)
    const expected = await probe(readerOf(() => model, name))
    expect({ step, found }).toEqual({ step, found: expected })
  }
}

async function writtenWith(chance: Chance, store: SyncStore, model: StoreData, name: string): Promise<StoreData> {
  const before = spaceOf(model, name)
  const changes = randomChanges(chance, before)
  await store.write(name, (transaction) => transaction.put(changes))
  return withSpace(model, name, withChanges(before, changes))
}

async function failingWrite(store: SyncStore, name: string, changes: SpaceChanges): Promise<void> {
  const writing = store.write(name, async (transaction) => {
    await transaction.put(changes)
    throw THROWN
  })
  await expect(writing).rejects.toBe(THROWN)
}

/** What a server could come to next. */
function randomChanges(chance: Chance, space: SpaceData): SpaceChanges {
  const { record } = space
  const known = [...space.documents.values()]
  let head = record.head
  const names = new Set(Array.from({ length: chance(4) }, () => `d${chance(8)}`))
  const documents = [...names].map((name) => {
    const found = known.find(({ row }) => row.document === name)
    const from = head + 1
    head = from + chance(3)
    return randomDocument(chance, name, found, from, head)
  })
  const strategies = COLLECTIONS.filter((collection) => chance(8) === 0 && !isRecorded(space, collection)).map(
    (collection) => ({ collection, strategy: 'manual' as const, seq: ++head }),
  )
  return changesOf({
    head,
    highestTime: record.highestTime + chance(5),
    collected: Math.min(head, record.collected + chance(2)),
    usage: { documents: known.length, bytes: chance(100_000) },
    digest: { documents: chance(10), hash: chance(1_000_000) },
    documents,
    strategies,
    replicas: REPLICAS.filter(() => chance(3) === 0).map((name) => randomReplica(chance, name, space)),
    removed: known
      .map(({ row }) => row)
      .filter(({ document }) => !names.has(document) && chance(6) === 0)
      .map(({ collection, document }) => ({ collection, document })),
    revoked: DEVICES.filter((name) => chance(20) === 0 && !space.revoked.has(deviceNamed(name))).map((name) => ({
      device: deviceNamed(name),
      atMs: chance(1000),
    })),
  })
}

const isRecorded = ({ record }: SpaceData, collection: string): boolean =>
  record.strategies.some((one) => one.collection === collection)

/** A new or replaced state, or an append, that takes up the seqs `from` to `to`. */
function randomDocument(
  chance: Chance,
  name: string,
  before: DocumentData | undefined,
  from: number,
  to: number,
): DocumentChange {
  const seqs = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const isAppend = before !== undefined && chance(2) === 0
  const tailStart = isAppend ? before.row.tailStart : from
  return {
    row: rowOf(name, to, {
      tailStart,
      stateBytes: chance(1000),
      tailBytes: chance(1000),
      version: [{ replica: replicaNamed('ann'), counter: to }],
      tombstoneMs: chance(3) === 0 ? chance(1000) : undefined,
    }),
    state: isAppend ? undefined : `state ${chance(1000)} 🐉`,
    appended: seqs.filter((seq) => seq > tailStart).map((seq) => entryAt(seq)),
  }
}

function randomReplica(chance: Chance, name: string, space: SpaceData): ReplicaChange {
  const last = space.replicas.get(replicaNamed(name))?.last.counter ?? 0
  const checks = Array.from({ length: chance(4) }, (_, index) => ({ counter: last + index + 1, check: chance(1000) }))
  const row = replicaRow(name, {
    last: checks.at(-1) ?? { counter: last, check: 0 },
    seenMs: chance(1000),
    since: chance(1000),
    isRetired: chance(5) === 0,
  })
  return { row, checks, forgetUpTo: chance(3) === 0 ? Math.max(0, last - 2) : 0 }
}

/** The same questions for the store and for the model. */
function probeOf(chance: Chance, { record, documents }: SpaceData): (reader: SpaceReader) => Promise<unknown> {
  const after = chance(record.head + 2)
  const limit = 1 + chance(5)
  const keys = [...documents.values()].map(({ row }) => row).filter(() => chance(2) === 0)
  const counter = chance(8)
  return async (reader) => {
    const rows = await reader.changedAfter(after, limit)
    const found = await reader.documents(keys)
    const replicas = await reader.replicas(REPLICAS.map(replicaNamed))
    return {
      contents: await contentsOf(reader),
      rows: rows.map(plainRow),
      tails: await reader.tails(rows.map((row) => ({ row, after }))),
      documents: found.map(plainRow).toSorted((a, b) => a.seq - b.seq),
      tombstones: (await reader.tombstones(after, limit)).map(plainRow),
      lastTombstone: await reader.lastTombstone(after, 500),
      replicas: replicas.toSorted((a, b) => (a.replica < b.replica ? -1 : 1)),
      checks: await reader.checks(replicaNamed('ann'), counter),
      revoked: [await reader.revokedAt(deviceNamed('laptop')), await reader.revokedAt(deviceNamed('tablet'))],
    }
  }
}

const pick = (chance: Chance, names: readonly string[]): string => names[chance(names.length)] as string
