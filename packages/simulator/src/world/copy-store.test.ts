import type { SpaceReader, SyncRow, SyncStore } from '@whisker/protocol'
import { memoryStore, sqliteStore } from '@whisker/server'
import { expect, test } from 'vitest'
import { type SeededRandom, seededRandom } from '../random.ts'
import { whenDone } from '../testing/pump.ts'
import { copySpace } from './copy-store.ts'
import { SPACE, World } from './world.ts'

const DAY_MS = 24 * 3_600_000
const STORES = { memory: memoryStore, sqlite: () => sqliteStore(':memory:') } as const
type Kind = keyof typeof STORES

/** Everything that can be asked of a space. */
const allReads = async (store: SyncStore): Promise<unknown> => store.read(SPACE, readAll)

async function readAll(reader: SpaceReader): Promise<unknown> {
  const space = await reader.space()
  const rows = await reader.changedAfter(0, 1000)
  const replicas = await reader.allReplicas()
  const devices = new Set(replicas.map(({ device }) => device.id))
  const seqs = Array.from({ length: space.head + 2 }, (_, seq) => seq)
  return {
    space,
    replicas,
    named: await reader.replicas(replicas.map(({ replica }) => replica).toReversed()),
    checks: await all(replicas, async ({ replica }) => all([0, 3, 1000], async (from) => reader.checks(replica, from))),
    revoked: await all(devices, async (device) => reader.revokedAt(device)),
    documents: await rowsOf(reader.documents(rows)),
    changed: await all(seqs, async (seq) =>
      all([1, 2, 1000], async (limit) => rowsOf(reader.changedAfter(seq, limit))),
    ),
    tombstones: await all(seqs, async (seq) => all([1, 1000], async (limit) => rowsOf(reader.tombstones(seq, limit)))),
    lastTombstones: await all(seqs, async (seq) => all(rows, async (row) => lastTombstone(reader, row, seq))),
    states: await reader.states(rows),
    tails: await all(seqs, async (seq) =>
      reader.tails(rows.map((row) => ({ row, after: Math.max(seq, row.tailStart) }))),
    ),
  }
}

const rowsOf = async (asked: Promise<readonly SyncRow[]>): Promise<unknown> => (await asked).map(shared)

/** What a row says in every store; each may note more in it for itself. */
const shared = ({
  collection,
  document,
  seq,
  tailStart,
  stateBytes,
  tailBytes,
  version,
  tombstoneMs,
}: SyncRow): SyncRow => ({
  collection,
  document,
  seq,
  tailStart,
  stateBytes,
  tailBytes,
  version,
  tombstoneMs,
})

const lastTombstone = async (reader: SpaceReader, { tombstoneMs = 0 }: SyncRow, seq: number): Promise<unknown> => [
  await reader.lastTombstone(seq, tombstoneMs),
  await reader.lastTombstone(seq, tombstoneMs + 1),
]

/** One after another: a reader is asked for one thing at a time. */
async function all<T, R>(list: Iterable<T>, ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = []
  for (const one of list) answers.push(await ask(one))
  return answers
}

/** A space that has seen a little of everything: crashes, deletes, conflicts, a revoked device, collected tombstones. */
async function livedIn(
  seed: number,
  store: Kind,
  random: SeededRandom,
): Promise<World<{ stories: { title: string } }>> {
  const limits = { checksKept: 8, retentionMs: 90 * DAY_MS }
  const world = new World<{ stories: { title: string } }>({ seed, collections: { stories: {} }, store, limits })
  const devices = [await world.device(), await world.device({ isLive: false })]
  for (let step = 0; step < 25; step++) {
    const collection = random.pick(devices).collection('stories')
    const id = random.pick(['a', 'b', 'c', 'd', 'e'])
    const title = `${step}`
    if (!collection.has(id)) await world.run(() => collection.create(id, { title }))
    else if (random.chance(0.3)) await world.run(() => collection.delete(id))
    else await world.run(() => collection.update(id, { title }))
    await world.advance(random.below(3000))
    if (random.chance(0.1)) world.crashServer()
    if (random.chance(0.1)) await world.settle()
  }
  const [, second] = devices
  if (second && random.chance(0.5)) await world.run(() => world.host.server?.revoke(SPACE, second.engine.device.id))
  if (random.chance(0.5)) {
    for (const { process } of devices.flatMap(({ openings }) => openings)) process.suspend()
    await world.advance(92 * DAY_MS)
    await world.run(() => world.host.server?.collect(SPACE))
  }
  world.host.crash()
  return world
}

test.for([
  ['memory', 'memory'],
  ['memory', 'sqlite'],
  ['sqlite', 'memory'],
  ['sqlite', 'sqlite'],
] as const)('a copied store answers all reads alike: from %s to %s', async ([from, to]) => {
  for (let seed = 1; seed <= 3; seed++) {
    const { host, scheduler } = await livedIn(seed, from, seededRandom(`lived in ${seed}`))
    const copy = STORES[to]()
    await whenDone(scheduler, copySpace(host.store, copy, SPACE))
    const expected = await whenDone(scheduler, allReads(host.store))
    expect(await allReads(copy), `seed ${seed}`).toEqual(expected)
  }
})
