import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SyncStore } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import type { ServerOptions, SyncServer } from './server-options.ts'
import { sqliteStore } from './sqlite-store.ts'
import { FrameReader, settled } from './testing/frame-reader.ts'
import { SessionClient } from './testing/session-client.ts'
import { testServer } from './testing/test-server.ts'

const NOTHING = { scans: 0, tails: 0, states: 0 }

/** A store in memory that counts how often the rows of a space were looked through, and their contents read. */
function countingStore() {
  const inner = sqliteStore(':memory:')
  const counts = { ...NOTHING }
  const store: SyncStore = {
    ...inner,
    read: async (space, work) =>
      inner.read(space, async (reader) =>
        work({
          ...reader,
          changedAfter: async (after, limit) => {
            counts.scans++
            return reader.changedAfter(after, limit)
          },
          tails: async (requests) => {
            counts.tails++
            return reader.tails(requests)
          },
          states: async (rows) => {
            counts.states++
            return reader.states(rows)
          },
        }),
      ),
  }
  return { store, counts }
}

class ByteReader extends FrameReader {
  readonly bytes: (Uint8Array | undefined)[] = []

  override send(text: string, utf8?: Uint8Array): void {
    super.send(text)
    this.bytes.push(utf8)
  }
}

interface Listening {
  readonly client: SessionClient
  readonly reader: ByteReader
}

async function listening(server: SyncServer, name: string): Promise<Listening> {
  const client = new SessionClient(server, name, name)
  await client.meet()
  const reader = new ByteReader()
  await client.listen(reader)
  return { client, reader }
}

/** Ben, who writes, and as many as are asked for who listen, each in a session of their own. */
async function manyListen(count: number, options: Omit<Partial<ServerOptions>, 'clock' | 'store'> = {}) {
  const { store, counts } = countingStore()
  const { server, clock } = testServer({ ...options, store })
  const ben = new SessionClient(server, 'ben', 'ben')
  await ben.meet()
  const readers: Listening[] = []
  for (let index = 0; index < count; index++) readers.push(await listening(server, `reader-${index}`))
  Object.assign(counts, NOTHING)
  return { server, clock, ben, readers, counts }
}

async function write(client: SessionClient, ...documents: readonly string[]): Promise<void> {
  for (const document of documents) client.create(document, { title: `Ü ${document}` })
  await client.push()
  await settled()
}

describe('a frame', () => {
  test('is read once and made once for all who stand at the same place', async () => {
    const { ben, readers, counts } = await manyListen(20)
    await write(ben, 'one')
    expect(counts).toEqual({ scans: 1, tails: 1, states: 1 })
    const [first] = readers
    for (const { reader } of readers) {
      expect(reader.outline).toEqual([[0, 1, 'one']])
      expect(reader.bytes[0]).toBe(first?.reader.bytes[0])
    }
  })

  test('is kept for those who come to it later, until the space changes', async () => {
    let turns = 0
    const authorize = async ({ id }: { readonly id: string }) => {
      const past = turns * (Number(id.split('-')[1] ?? 0) + 1)
      for (let turn = 0; turn < past; turn++) await nextTurn()
      return true
    }
    const { clock, ben, readers, counts } = await manyListen(5, { authorize })
    turns = 2
    for (const document of ['one', 'two']) {
      // So that they are asked for again, each in its own time.
      clock.advance(1000)
      await write(ben, document)
    }
    expect(counts).toEqual({ scans: 2, tails: 2, states: 2 })
    for (const { reader } of readers)
      expect(reader.outline).toEqual([
        [0, 1, 'one'],
        [1, 2, 'two'],
      ])
  })

  test('leaves out what its reader wrote, and is made for them of what was read once', async () => {
    const { server, readers, counts } = await manyListen(3)
    const anna = await listening(server, 'anna')
    Object.assign(counts, NOTHING)
    await write(anna.client, 'own')
    expect(counts).toEqual({ scans: 1, tails: 1, states: 1 })
    expect(anna.reader.outline).toEqual([[0, 1]])
    for (const { reader } of readers) expect(reader.outline).toEqual([[0, 1, 'own']])
  })

  test('leaves out what its reader wrote, where all of it is more than a frame holds', async () => {
    const { server, readers } = await manyListen(1)
    const anna = await listening(server, 'anna')
    for (const document of ['one', 'two']) anna.client.create(document, { text: 'x'.repeat(0.6 * 1024 * 1024) })
    await anna.client.push()
    await settled()
    expect(anna.reader.outline).toEqual([[0, 2]])
    expect(readers[0]?.reader.outline).toEqual(['hint'])
  })

  test('is for those only who may read by then: each is asked for, whoever else was told', async () => {
    const barred = new Set<string>()
    const { server, clock, ben, readers, counts } = await manyListen(4, {
      authorize: ({ id }, _, action) => action !== 'read' || !barred.has(id),
    })
    await write(ben, 'one')
    const revoked = readers[2]!.client
    await write(revoked, 'two')
    barred.add('reader-1')
    await server.revoke('stories', revoked.device.id)
    await settled()
    clock.advance(1000)
    Object.assign(counts, NOTHING)
    await write(ben, 'three')
    expect(counts.scans).toBe(1)
    const lengths = readers.map(({ reader }) => [reader.told.length, reader.ended?.code])
    expect(lengths).toEqual([
      [3, undefined],
      [2, 'forbidden'],
      [2, 'forbidden'],
      [3, undefined],
    ])
  })
})
