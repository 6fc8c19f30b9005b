import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Writer, pause, startServer } from './cast.ts'
import { wasOpen } from './transaction-marker.ts'

const KILLS = 24
const BULK = 1000
const SEED = 20_261_122

/** mulberry32 (Tommy Ettinger, public domain). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test(
  `${KILLS} SIGKILLs in the middle of pushes and pulls lose nothing that was promised`,
  { timeout: 120_000 },
  async () => {
    const random = seeded(SEED)
    const folder = mkdtempSync(join(tmpdir(), 'whisker-kills-'))
    const hits = { kills: 0, inTransaction: 0, inRound: 0 }
    const started = await startServer(folder, 0)
    const { port } = started
    let server = started.process
    const writers = ['ann', 'ben'].map((name) => new Writer(name, folder, port))
    const reader = new Writer('cleo', folder, port)
    try {
      const [first] = writers
      await (await (first as Writer).start()).call('bulk', BULK)
      await (await (writers[1] as Writer).start()).call('write', 0)
      await (first as Writer).process?.call('write', 0)
      await reader.start()
      for (let kill = 0; kill < KILLS; kill++) {
        await pause(40 + random() * 200)
        hits.kills++
        const victim = [undefined, ...writers, reader][kill % 4]
        if (!victim) {
          await server.kill()
          if (wasOpen(join(folder, 'server.marker'))) hits.inTransaction++
          if (writers.some((writer) => writer.isInRound)) hits.inRound++
          server = (await startServer(folder, port)).process
          continue
        }
        if (victim.isInRound) hits.inRound++
        await victim.process?.kill()
        if (wasOpen(victim.marker)) hits.inTransaction++
        const process = await victim.start()
        if (victim !== reader) await process.call('write', victim.last)
      }
      // Twice: what the second pushes after the first has pulled, the first has to pull again.
      for (let round = 0; round < 2; round++) for (const one of [...writers, reader]) await one.process?.call('settle')
      const fresh = new Writer('fresh', folder, port)
      await (await fresh.start()).call('settle')
      const everyone = [...writers, reader, fresh]
      const held = await Promise.all(everyone.map(async (one) => new Map(await one.process?.call('documents'))))
      const conflicts = await Promise.all(everyone.map(async (one) => one.process?.call('conflicts')))
      const rejected = await Promise.all(everyone.map(async (one) => one.process?.call('rejected')))

      const [documents] = held
      for (const other of held) expect(sorted(other)).toEqual(sorted(documents as typeof other))
      expect(conflicts).toEqual([0, 0, 0, 0])
      expect(rejected).toEqual([0, 0, 0, 0])
      expect([...(documents as Map<string, unknown>).keys()].filter((key) => key.startsWith('bulk/'))).toHaveLength(
        BULK,
      )
      const promised = writers.flatMap((writer) => [...writer.resolved, ...writer.acknowledged])
      const broken = promised.filter(([key, value]) => valueAt(documents as Map<string, object>, key) < value)
      expect(broken).toEqual([])
      expect(promised.length).toBeGreaterThan(50)
      expect(hits.inRound).toBeGreaterThan(0)
      const values = writers.map((writer) => writer.last).join(' and ')
      console.log(
        `${hits.kills} SIGKILLs: ${hits.inTransaction} hit an open transaction, ${hits.inRound} a running round; ` +
          `the devices had written ${values} values (seed ${SEED})`,
      )
    } finally {
      await Promise.all([...writers, reader].map(async (one) => one.process?.kill()))
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

function valueAt(documents: ReadonlyMap<string, object>, key: string): number {
  const [collection, id, field] = key.split('/') as [string, string, string]
  return (documents.get(`${collection}/${id}`) as Record<string, number> | undefined)?.[field] ?? -1
}

const sorted = (documents: ReadonlyMap<string, unknown>): unknown =>
  [...documents]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))])
