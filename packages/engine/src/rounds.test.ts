import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SyncError } from '@whisker/protocol'
import { sqliteStore } from '@whisker/server'
import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { refusal } from './testing/local.ts'
import { World, meet } from './testing/world.ts'

test('a second pull brings nothing, and nobody gets back what they wrote', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  for (let index = 0; index < 5; index++) await a.notes.create(`n${index}`, {})
  await meet(a, b)
  a.link.pages.length = 0
  b.link.pages.length = 0
  expect(await a.sync()).toMatchObject({ pushed: 0, pulled: 0 })
  expect(await b.sync()).toMatchObject({ pushed: 0, pulled: 0 })
  await a.notes.update('n0', { title: 'One' })
  expect(await a.sync()).toMatchObject({ pushed: 1, pulled: 0 })
  expect(a.link.pages.flatMap(({ rows }) => rows)).toEqual([])
})

test('an outbox larger than a batch goes in several, in order, and arrives page by page', async () => {
  const limits = { batchOperations: 3, pageRows: 2 }
  const world = new World()
  const [a, b] = await world.pair({ limits })
  for (let index = 0; index < 10; index++) await a.notes.create(`n${index}`, { count: index })
  await a.sync()
  expect(a.link.pushes.map(({ entries }) => entries.length)).toEqual([3, 3, 3, 1])
  await b.sync()
  expect(b.link.pages.length).toBeGreaterThanOrEqual(5)
  expect(b.notes.list().map(({ value }) => value.count)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('the next page is asked for while one is being stored, and no more than one', async () => {
  const world = new World()
  const state = new FragileState()
  const other = await world.device()
  for (let index = 0; index < 6; index++) await other.notes.create(`n${index}`, {})
  await other.sync()
  const device = await world.device({ state, limits: { pageRows: 2 } })
  let asked = 0
  device.link.before = () => void asked++
  const askedAtPages: number[] = []
  state.failWith = ({ documents }) => {
    if (documents.length > 0) askedAtPages.push(asked)
    return undefined
  }
  await device.sync()
  expect(askedAtPages).toEqual([2, 3, 3])
})

const tooLarge = (): SyncError => new SyncError('too_large', 'The body is too large.')

test('a push that is too large is sent in smaller ones, and one operation that is too large alone is rejected', async () => {
  const device = await new World().device()
  for (const id of ['a', 'b', 'c', 'd']) await device.notes.create(id, { title: id })
  let refusals = 1
  device.link.refuse = (kind) => (kind === 'push' && refusals-- > 0 ? tooLarge() : undefined)
  await device.sync()
  expect(device.link.pushes.map(({ entries }) => entries.length)).toEqual([2, 2])
  await device.notes.create('e', {})
  device.link.refuse = (kind) => (kind === 'push' ? tooLarge() : undefined)
  await device.engine.syncNow()
  expect(device.engine.rejected.list()).toMatchObject([{ operation: { document: 'e' }, reason: { code: 'too_large' } }])
})

test('a push that is too large is sent in smaller ones, however many edits in it became one', async () => {
  const device = await new World().device()
  for (const id of ['a', 'b']) await device.notes.create(id, {})
  for (let count = 0; count < 20; count++) await device.notes.update('a', { count })
  device.link.refuse = (_kind, push) => (push && push.entries.length > 1 ? tooLarge() : undefined)
  await device.sync()
  expect(device.engine.status).toMatchObject({ pending: 0, rejected: 0 })
})

test('a server that starts again without a loss costs a client one answer and a new id, and one with nothing to send nothing', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  const before = [a.link.pushes.length, b.link.pages.length]
  const [writer] = a.link.pushes.at(-1)?.replicas ?? []
  world.restart()
  await a.notes.update('a', { title: 'Two' })
  await meet(a, b)
  expect([a.link.pushes.length, b.link.pages.length]).toEqual([(before[0] ?? 0) + 2, (before[1] ?? 0) + 2])
  const last = a.link.pushes.at(-1)
  expect([last?.offers, last?.entries.length]).toEqual([[], 1])
  expect(last?.replicas[0]?.replica).not.toBe(writer?.replica)
  expect([b.notes.get('a'), b.notes.conflicts()]).toEqual([{ title: 'Two' }, []])
})

test('writing without a pause does not put off what others wrote', async () => {
  const [a, b] = await new World().pair()
  await meet(a, b)
  await b.notes.create('theirs', {})
  await b.sync()
  let count = 0
  a.link.after = async (kind) => {
    if (kind === 'push') await a.notes.set('ours', { count: ++count })
  }
  await a.notes.create('ours', { count })
  await a.sync()
  expect(a.notes.has('theirs')).toBe(true)
  a.link.after = () => {}
  await meet(a, b)
  expect(b.notes.get('ours')).toEqual({ count })
})

test('a push that moved the cursor to the head is a round without a pull', async () => {
  const [a, b] = await new World().pair()
  await meet(a, b)
  const pages = a.link.pages.length
  await a.notes.create('a', {})
  expect(await a.sync()).toMatchObject({ pushed: 1, pulled: 0 })
  expect(a.link.pages.length).toBe(pages)
  await b.sync()
  await b.notes.create('b', {})
  await b.sync()
  await a.notes.create('c', {})
  expect(await a.sync()).toMatchObject({ pushed: 1, pulled: 1 })
})

test('a round in which nothing happens is no transaction', async () => {
  const state = new FragileState()
  const device = await new World().device({ state })
  await device.notes.create('a', {})
  await device.sync()
  const commits = state.commits.length
  for (let round = 0; round < 3; round++) await device.sync()
  expect(state.commits.length).toBe(commits)
  const { syncs } = device.engine.statistics
  expect((await device.reopen()).engine.statistics.syncs).toBe(syncs)
})

test('a write made during a round is sent by the next, or by the same', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  for (const moment of ['before', 'after'] as const) {
    for (const kind of ['push', 'pull'] as const) {
      const id = `${moment}-${kind}`
      a.link[moment] = async (now) => {
        if (now !== kind) return
        a.link[moment] = () => {}
        await a.notes.create(id, {})
        await a.notes.update('a', { title: id })
      }
      await a.notes.update('a', { body: id })
      for (let round = 0; round < 3; round++) await a.sync()
      expect(a.engine.status.pending).toBe(0)
      await b.sync()
      expect(b.notes.get('a')).toEqual({ body: id, title: id })
      expect(b.notes.has(id)).toBe(true)
    }
  }
})

describe('a lost reply', () => {
  test('doubles nothing: the operations are recognised and acknowledged', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    const write = a.notes.create('a', { tags: ['x'] })
    await write
    await a.notes.updateMetadata('a', { pinned: true })
    a.link.losesReplies = 1
    expect(await a.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'network' } })
    expect(a.engine.status.pending).toBe(2)
    await a.notes.update('a', { title: 'One' })
    await meet(a, b)
    await write.acknowledged
    expect(a.engine.status.pending).toBe(0)
    expect(a.link.pushes.flatMap(({ entries }) => entries)).toHaveLength(5)
    expect(b.notes.list()).toEqual([
      { id: 'a', value: { title: 'One', tags: ['x'] }, metadata: { pinned: true }, pending: false, conflicts: [] },
    ])
  })

  test('and a closed engine in between: it goes on where it was', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    a.link.losesReplies = 1
    await a.engine.syncNow()
    const again = await a.reopen()
    await again.notes.update('a', { body: 'text' })
    await meet(again, b)
    expect([again.engine.status.pending, b.notes.get('a')]).toEqual([0, { title: 'One', body: 'text' }])
    expect(again.engine.rejected.list()).toEqual([])
  })

  test('under each strategy leaves one document and no conflict', async () => {
    for (const strategy of ['auto_merge', 'last_write_wins', 'keep_both', 'manual'] as const) {
      const world = new World()
      const [a, b] = await world.pair({ notes: { strategy } })
      await a.notes.create('a', { title: 'One' })
      a.link.losesReplies = 1
      await a.engine.syncNow()
      await a.notes.update('a', { title: 'Two' })
      await b.sync()
      await b.notes.update('a', { body: 'text' })
      await meet(a, b)
      expect([strategy, a.notes.list()]).toEqual([strategy, b.notes.list()])
      const texts = JSON.stringify(a.notes.list())
      expect([texts.includes('Two'), texts.includes('text')]).toEqual([true, true])
    }
  })
})

describe('a server started again', () => {
  test('is a new epoch: what is pending is issued again, and nothing is lost or doubled', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    const write = a.notes.update('a', { title: 'Two' })
    await write
    await a.notes.update('a', { body: 'text' })
    await b.notes.create('b', {})
    world.restart()
    await meet(a, b)
    await write.acknowledged
    for (const { notes, engine } of [a, b]) {
      expect(notes.list()).toEqual([
        { id: 'a', value: { title: 'Two', body: 'text' }, metadata: {}, pending: false, conflicts: [] },
        { id: 'b', value: {}, metadata: {}, pending: false, conflicts: [] },
      ])
      expect(engine.status).toMatchObject({ pending: 0, rejected: 0 })
    }
  })

  test('after a lost reply: what it took is recognised', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await a.sync()
    await a.notes.update('a', { title: 'Two' })
    a.link.losesReplies = 1
    await a.engine.syncNow()
    await b.sync()
    world.restart()
    await a.notes.update('a', { body: 'text' })
    await meet(a, b)
    for (const { notes } of [a, b]) {
      expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'Two', body: 'text' }, []])
    }
    const dots = a.link.pushes.flatMap(({ entries }) => entries).filter((entry) => 'delta' in entry)
    expect(dots.filter((entry) => 'delta' in entry && entry.delta[0]?.value === 'Two')).toHaveLength(2)
  })

  test('while a device was away for several starts', async () => {
    const world = new World()
    const [a, b] = await world.pair()
    await meet(a, b)
    await a.notes.create('a', {})
    for (let start = 0; start < 3; start++) {
      world.restart()
      await b.notes.create(`b${start}`, {})
      await b.sync()
    }
    await meet(a, b)
    expect(a.notes.list()).toEqual(b.notes.list())
    expect([a.notes.size, a.engine.status.pending]).toEqual([4, 0])
  })
})

test('a server restored from a backup gets back what it lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-engine-'))
  try {
    const [file, backup] = [join(folder, 'sync.db'), join(folder, 'backup.db')]
    const world = new World({ store: sqliteStore(file) })
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await world.server.close()
    copyFileSync(file, backup)
    world.restart(sqliteStore(file))
    await a.notes.create('lost', { title: 'Lost' })
    await a.notes.update('a', { title: 'Two' })
    await meet(a, b)
    await world.server.close()
    world.restart(sqliteStore(backup))
    const c = await world.device()
    await c.notes.create('c', {})
    await c.sync()
    expect(c.notes.list().map(({ id }) => id)).toEqual(['a', 'c'])
    await b.notes.update('a', { body: 'text' })
    await meet(b, c, a)
    for (const { notes, engine } of [a, b, c]) {
      expect(notes.list().map(({ id, value }) => [id, value])).toEqual([
        ['a', { title: 'Two', body: 'text' }],
        ['c', {}],
        ['lost', { title: 'Lost' }],
      ])
      expect([notes.conflicts(), engine.status.pending, engine.status.rejected]).toEqual([[], 0, 0])
    }
    await world.server.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a server that says without end that it lost something ends the round, not the loop', async () => {
  const device = await new World().device()
  await device.sync()
  const answer = { code: 'resync', message: 'Again.', epochs: [], replicas: [] }
  let pulls = 0
  device.link.refuse = (kind) =>
    kind === 'pull' && ++pulls ? new SyncError('resync', 'Again.', { details: { refusal: answer } }) : undefined
  expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'resync' } })
  expect(pulls).toBeLessThan(20)
})

describe('progress', () => {
  test('is told batch by batch and page by page', async () => {
    const limits = { batchOperations: 2, pageRows: 2 }
    const world = new World()
    const [a, b] = await world.pair({ limits })
    for (let index = 0; index < 4; index++) await a.notes.create(`n${index}`, {})
    const pushed: unknown[] = []
    a.engine.on('sync_progress', ({ phase, done, total }) => phase === 'push' && pushed.push([done, total]))
    await a.sync()
    expect(pushed).toEqual([
      [2, 4],
      [4, 4],
    ])
    const pulled: number[] = []
    b.engine.on('sync_progress', ({ phase, done, total }) => phase === 'pull' && pulled.push(done / total))
    await b.sync()
    expect(pulled.slice(0, 2)).toEqual([0.5, 1])
  })

  test('started and completed frame a round', async () => {
    const device = await new World().device()
    const told: string[] = []
    device.engine.on('sync_started', () => told.push('started'))
    device.engine.on('sync_completed', ({ pushed, pulled }) => told.push(`completed ${pushed} ${pulled}`))
    device.engine.on('sync_failed', ({ error }) => told.push(`failed ${error.code}`))
    await device.notes.create('a', {})
    await device.sync()
    device.link.isDown = true
    await device.engine.syncNow()
    expect(told).toEqual(['started', 'completed 1 0', 'started', 'failed network'])
  })
})

test('statistics are kept across restarts', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  await a.notes.create('b', {})
  await meet(a, b)
  b.link.isDown = true
  await b.engine.syncNow()
  expect(a.engine.statistics).toMatchObject({ syncs: 2, operationsSent: 2, errors: 0 })
  expect(b.engine.statistics).toMatchObject({ syncs: 2, operationsReceived: 2, errors: 1 })
  const { statistics } = b.engine
  expect((await b.reopen()).engine.statistics).toEqual(statistics)
})

/** How long a server goes on with what it was told of somebody's rights. */
const RIGHTS_TRUSTED_MS = 1000

test('forbidden to push: pulling goes on, the outbox stays, and it is told', async () => {
  const rights = { mayWrite: true }
  const world = new World({ authorize: (_, __, action) => action === 'read' || rights.mayWrite })
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  await meet(a, b)
  await a.notes.update('a', { title: 'One' })
  await a.sync()
  await b.notes.update('a', { body: 'text' })
  rights.mayWrite = false
  world.clock.advance(RIGHTS_TRUSTED_MS)
  expect(await b.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'forbidden' } })
  expect(b.notes.get('a')).toEqual({ title: 'One', body: 'text' })
  expect(b.engine.status).toMatchObject({ pending: 1, rejected: 0, reason: { code: 'forbidden' } })
  rights.mayWrite = true
  world.clock.advance(RIGHTS_TRUSTED_MS)
  await meet(b, a)
  expect(a.notes.get('a')).toEqual({ title: 'One', body: 'text' })
})

test('forbidden to read: everything here stays, and it goes on when access is back', async () => {
  const rights = { mayRead: true }
  const world = new World({ authorize: (_, __, action) => action !== 'read' || rights.mayRead })
  const [a, b] = await world.pair()
  await a.notes.create('a', {})
  await meet(a, b)
  rights.mayRead = false
  world.clock.advance(RIGHTS_TRUSTED_MS)
  expect(await a.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'forbidden' } })
  await a.notes.create('b', {})
  expect(a.notes.size).toBe(2)
  rights.mayRead = true
  world.clock.advance(RIGHTS_TRUSTED_MS)
  await meet(a, b)
  expect(b.notes.size).toBe(2)
})

test('a code that nobody knows means: try again, tell, keep everything', async () => {
  const device = await new World().device()
  await device.notes.create('a', {})
  device.link.refuse = () => new SyncError('teapot' as 'unavailable', 'Short and stout.')
  expect(await device.engine.syncNow()).toMatchObject({ ok: false, error: { code: 'teapot' } })
  expect(device.engine.status).toMatchObject({ pending: 1, rejected: 0, attempt: 1, reason: { code: 'teapot' } })
  device.link.refuse = () => undefined
  await device.sync()
  expect(device.engine.status.pending).toBe(0)
})

test('a device whose clock runs ahead takes new times, and nothing is lost', async () => {
  const world = new World()
  const [a, b] = await world.pair()
  await b.notes.create('b', {})
  await meet(a, b)
  const ahead = new World({ store: world.store })
  // The same server, as a device sees it whose clock is an hour ahead.
  ahead.clock.advance(3_600_000)
  ahead.server = world.server
  const c = await ahead.device()
  await c.notes.create('c', { title: 'One' })
  await c.notes.update('c', { title: 'Two' })
  await c.sync()
  await c.notes.update('c', { body: 'text' })
  await meet(c, a, b)
  for (const { notes } of [a, b, c]) expect(notes.get('c')).toEqual({ title: 'Two', body: 'text' })
  expect(c.engine.status).toMatchObject({ pending: 0, rejected: 0, clockSkewMs: 3_600_000 })
})

test('two engines on copies of one store become two, and nothing is lost', async () => {
  const { memoryState } = await import('./memory-state.ts')
  const world = new World()
  const other = await world.device()
  const state = memoryState()
  const a = await world.device({ state })
  await a.notes.create('a', { title: 'One' })
  await a.sync()
  const copy = memoryState()
  const from = await state.open('elsewhere', () => '' as never)
  await from.close()
  await a.engine.close()
  const source = await state.open('shared', () => '' as never)
  const stored = await source.load()
  await source.close()
  const target = await copy.open('shared', () => source.device)
  await target.commit({ ...stored, revision: 0 })
  await target.close()
  const [one, two] = [await world.device({ state }), await world.device({ state: copy })]
  await one.notes.update('a', { title: 'A' })
  await two.notes.update('a', { body: 'B' })
  await two.notes.create('b', {})
  await meet(one, two, other)
  for (const { notes, engine } of [one, two, other]) {
    expect(notes.get('a')).toEqual({ title: 'A', body: 'B' })
    expect([notes.size, engine.status.pending, engine.status.rejected]).toEqual([2, 0, 0])
  }
})

test('an acknowledgement resolves only when the server has the operation', async () => {
  const world = new World()
  const device = await world.device()
  let isAcknowledged = false
  const write = device.notes.create('a', {})
  void write.acknowledged.then(() => (isAcknowledged = true))
  await write
  expect(isAcknowledged).toBe(false)
  await device.sync()
  await write.acknowledged
  expect((await refusal(device.notes.create('a', {}).acknowledged)).code).toBe('document_exists')
})
