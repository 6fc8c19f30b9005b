import { httpTransport } from '@whisker/transport-http'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder } from '../testing/run.ts'
import { Server, Writer } from './cast.ts'
import { copyStore } from './reopen.ts'
import { SPACE } from './values.ts'

/** They fit into one push. */
const DOCUMENTS = 5

test(
  'what a killed device had pushed without keeping the receipt, and a copy of it pushes again, changes nothing',
  { timeout: 60_000 },
  async () => {
    const folder = newFolder()
    const server = new Server(folder)
    const [ann, copy] = ['ann', 'copy'].map((name) => new Writer(name, folder, server)) as [Writer, Writer]
    onTestFinished(async () => void (await Promise.all([server, ann, copy].map(async (one) => one.end()))))
    await server.start()
    const transport = httpTransport({ url: `http://127.0.0.1:${server.port}`, token: 'reader' })
    await ann.open()
    await ann.process.call('stopAt', 'receipt here, not committed')
    await ann.process.call('bulk', DOCUMENTS)
    void ann.process.call('start').catch(() => undefined)
    await ann.process.ended
    copyStore(ann.file, copy.file)
    const { head } = await transport.version(SPACE)
    expect(head).toBe(DOCUMENTS)

    for (const device of [ann, copy]) {
      await device.start()
      expect(device.pendingAtStart).toBe(DOCUMENTS)
      await device.process.call('settle')
      expect((await transport.version(SPACE)).head).toBe(head)
      expect(await device.held()).toMatchObject({ pending: 0, rejected: 0, conflicts: 0 })
      expect((await device.documents()).size).toBe(DOCUMENTS)
    }
  },
)
