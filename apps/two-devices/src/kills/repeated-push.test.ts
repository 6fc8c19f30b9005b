import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { httpTransport } from '@whisker/transport-http'
import { expect, test } from 'vitest'
import { Writer, pause, startServer } from './cast.ts'

/** A kill may come just when nothing waits to be pushed; so often in a row it does not. */
const TRIES = 10

test(
  'what a killed device had to push, and a copy of it pushes again, changes nothing',
  { timeout: 90_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whisker-again-'))
    const server = await startServer(folder, 0)
    const transport = httpTransport({ url: `http://127.0.0.1:${server.port}`, token: 'token' })
    const ann = new Writer('ann', folder, server.port)
    const copies: Writer[] = []
    try {
      let repeated = 0
      for (let attempt = 1; attempt <= TRIES && repeated === 0; attempt++) {
        const { acknowledgements } = ann
        await (await ann.start()).call('write', ann.last)
        while (ann.acknowledgements === acknowledgements) await pause(20)
        await ann.process?.kill()
        const copy = new Writer(`copy-${attempt}`, folder, server.port)
        copies.push(copy)
        for (const end of ['', '-wal']) {
          const file = join(folder, `ann.db${end}`)
          if (existsSync(file)) copyFileSync(file, join(folder, `${copy.name}.db${end}`))
        }
        await (await ann.start()).call('settle')
        const { head } = await transport.version('kills')
        const documents = await ann.process?.call('documents')
        await (await copy.start()).call('settle')
        repeated = copy.pendingAtStart
        expect((await transport.version('kills')).head).toBe(head)
        expect(await copy.process?.call('documents')).toEqual(documents)
        expect([await copy.process?.call('conflicts'), await copy.process?.call('rejected')]).toEqual([0, 0])
        await Promise.all([ann.process?.kill(), copy.process?.kill()])
      }
      expect(repeated).toBeGreaterThan(0)
    } finally {
      await Promise.all([ann, ...copies].map(async (one) => one.process?.kill()))
      await server.process.kill()
      await transport.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
