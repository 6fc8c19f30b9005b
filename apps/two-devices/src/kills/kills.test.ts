import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { seeded } from '../testing/seeded.ts'
import { type View, Writer, pause, startServer, viewOf } from './cast.ts'
import { wasOpen } from './transaction-marker.ts'

const KILLS = 16
const BULK = 1000
const SEED = 20_261_122

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
      const views = await Promise.all([...writers, reader, fresh].map(viewOf))

      const [{ documents }] = views as [View, ...View[]]
      for (const view of views) expect(view).toEqual({ documents, conflicts: 0, rejected: 0, pending: 0 })
      expect([...documents.keys()].filter((key) => key.startsWith('bulk/'))).toHaveLength(BULK)
      expect(writers.flatMap((writer) => writer.brokenPromises(documents))).toEqual([])
      const promised = writers.flatMap((writer) => [...writer.resolved.keys()])
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
