import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EpochId, mintEpochId } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'
import { seededRandom } from './testing/manual-clock.ts'
import { receiptOf, refusalOf, replicaNamed } from './testing/test-client.ts'
import { temporaryFolder, testServer } from './testing/test-server.ts'

test('a client before first contact is told the epoch, and nothing of it is taken', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const epoch = anna.epoch
  anna.epoch = undefined
  anna.cursor = { epoch: undefined, since: 0, after: 0 }
  anna.create('one', {})
  const refusal = await refusalOf(await anna.pushRaw(), 409)
  expect(refusal).toMatchObject({
    code: 'new_epoch',
    epochs: [{ id: epoch, began: 0 }],
    replicas: [{ replica: anna.replica, counter: 0, check: 0 }],
  })
  expect(await anna.pull()).toMatchObject({ head: 0, rows: [] })
})

test('a server that starts again takes nothing under an id of before, and says how far it has come', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  const before = testServer({ store: sqliteStore(path) })
  const anna = await before.client('anna')
  anna.create('one', {})
  await anna.push()
  await anna.pull()
  await before.server.close()

  const after = testServer({ store: sqliteStore(path) })
  const again = await after.client('anna')
  Object.assign(again, {
    epoch: anna.epoch,
    cursor: anna.cursor,
    seen: anna.seen,
    counter: 1,
    acknowledged: 1,
    check: anna.check,
  })
  again.create('two', {})
  const refusal = await refusalOf(await again.pushRaw(), 409)
  expect(refusal).toMatchObject({
    code: 'new_epoch',
    head: 1,
    replicas: [{ replica: anna.replica, counter: 1, check: anna.check }],
  })
  expect(refusal.epochs).toEqual([
    { id: anna.epoch, began: 0 },
    { id: refusal.epochs[1]?.id, began: 1 },
  ])
  expect((await again.pull()).head).toBe(1)
})

test('a repeated push is recognised by a store that was opened again', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  // One epoch over both, as if the server had only lost its memory.
  const random = { ...seededRandom(1), bytes: (count: number) => new Uint8Array(count) }
  const before = testServer({ store: sqliteStore(path), random })
  const anna = await before.client('anna')
  anna.create('one', {})
  const entries = [...anna.outbox]
  const first = await receiptOf(await anna.pushRaw())
  const store = before.store
  await before.server.close()

  const reopened = sqliteStore(path)
  expect(store).not.toBe(reopened)
  const after = testServer({ store: { ...reopened, begin: async () => undefined } })
  const again = await after.client('anna')
  expect(again.epoch).toBe(anna.epoch)
  const second = await receiptOf(await again.pushRaw({ entries }))
  expect(second).toMatchObject({ acknowledged: first.acknowledged, to: 1 })
  expect(second.from).toBeUndefined()
})

test('an epoch that the server does not know is answered resync, on push and pull', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  const unknown = { ...anna.cursor, epoch: mintEpochId(seededRandom(99)) }
  anna.create('two', {})
  for (const response of [await anna.pushRaw({ cursor: unknown }), await anna.pullRaw({ cursor: unknown })]) {
    expect(await refusalOf(response, 409)).toMatchObject({
      code: 'resync',
      reason: 'restored',
      epochs: [{ id: anna.epoch, began: 0 }],
    })
  }
})

test('more seen than the server holds is answered resync, with the ends of the replicas', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  await anna.push()
  anna.create('two', {})
  expect(await refusalOf(await anna.pushRaw({ seen: 2 }), 409)).toMatchObject({
    code: 'resync',
    replicas: [{ replica: anna.replica, counter: 1, check: anna.check }],
  })
  await refusalOf(await anna.pullRaw({ cursor: { ...anna.cursor, since: 2, after: 2 } }), 409)
  expect((await anna.pull({ seen: 1 })).head).toBe(1)
})

test('a restored database is recognised by who saw more of it', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'sync.db')
  const first = testServer({ store: sqliteStore(path) })
  const anna = await first.client('anna')
  anna.create('one', {})
  await anna.push()
  await first.server.close()
  copyFileSync(path, join(folder, 'backup.db'))

  const second = testServer({ store: sqliteStore(path) })
  const ben = await second.client('ben')
  ben.create('two', {})
  await ben.push()
  await ben.pull()
  await second.server.close()

  const restored = testServer({ store: sqliteStore(join(folder, 'backup.db')) })
  const again = await restored.client('ben')
  Object.assign(again, { cursor: ben.cursor, seen: ben.seen })
  const refusal = await refusalOf(await again.pullRaw(), 409)
  expect(refusal).toMatchObject({ code: 'resync', reason: 'restored' })
  expect(refusal.epochs.map(({ began }) => began)).toEqual([0, 1])
})

test('answers carry the epochs from the one that was named', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  const epochs: (EpochId | undefined)[] = []
  for (const name of ['a', 'b', 'c']) {
    const { client, server } = testServer({ store: sqliteStore(path) })
    epochs.push((await client(name)).epoch)
    await server.close()
  }
  const { client } = testServer({ store: sqliteStore(path) })
  const anna = await client('anna')
  const page = await anna.pull({ cursor: { epoch: epochs[1], since: 0, after: 0 } })
  expect(page.epochs.map(({ id }) => id)).toEqual([epochs[1], epochs[2], anna.epoch])
  const first = await anna.pull({ cursor: { epoch: undefined, since: 0, after: 0 } })
  expect(first.epochs.map(({ id }) => id)).toEqual([...epochs, anna.epoch])
})

test('an answer tells of no epoch while the one that was named is the current one, a refusal does', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  expect((await anna.push()).epochs).toEqual([])
  expect(await anna.pull()).toMatchObject({ head: 1, epochs: [] })
  anna.create('two', {})
  const current = anna.epoch
  anna.epoch = mintEpochId(seededRandom(99))
  expect(await refusalOf(await anna.pushRaw(), 409)).toMatchObject({ epochs: [{ id: current, began: 0 }] })
})

test('a scan that meets a new epoch begins again from since', async () => {
  const path = join(temporaryFolder(), 'sync.db')
  const before = testServer({ store: sqliteStore(path) })
  const anna = await before.client('anna')
  for (const name of ['one', 'two', 'three']) anna.create(name, {})
  await anna.push()
  const ben = await before.client('ben')
  Object.assign(ben, { cursor: { ...ben.cursor, since: 0, after: 0 }, seen: 0 })
  expect(await ben.pull({ limit: 2 })).toMatchObject({ since: 0, after: 2, more: true })
  await before.server.close()

  const after = testServer({ store: sqliteStore(path) })
  const again = await after.client('ben')
  const page = await again.pull({ cursor: ben.cursor })
  expect(page.rows.map((row) => row.document)).toEqual(['one', 'two', 'three'])
  expect(again.replica).toBe(replicaNamed('ben'))
})
