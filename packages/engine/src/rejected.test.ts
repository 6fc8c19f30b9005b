import type { Delta, Operation } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import type { Rejected } from './ledger/rejected.ts'
import { refusal } from './testing/local.ts'
import { World, meet } from './testing/world.ts'

/** A server that refuses every operation that says "bad", for as long as it is strict. */
const strictWorld = (): { world: World; rules: { isStrict: boolean } } => {
  const rules = { isStrict: true }
  const validate = (operation: Operation): { code: string; message: string } | undefined =>
    rules.isStrict && JSON.stringify(operation.delta).includes('bad')
      ? { code: 'bad', message: 'It is bad.' }
      : undefined
  return { world: new World({ validate }), rules }
}

describe('an operation that the server refuses', () => {
  test('goes to rejected with its whole content, and the document returns to the state without it', async () => {
    const { world } = strictWorld()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    const told: unknown[] = []
    a.engine.on('operation_rejected', ({ reason }) => told.push(reason))
    const write = a.notes.update('a', { title: 'bad' })
    await write
    await a.notes.update('a', { body: 'good' })
    await meet(a, b)
    for (const { notes } of [a, b]) expect(notes.get('a')).toEqual({ title: 'One', body: 'good' })
    expect(a.engine.rejected.list()).toMatchObject([
      {
        reason: { code: 'bad', message: 'It is bad.' },
        operation: { collection: 'notes', document: 'a', delta: [{ path: ['title'], value: 'bad' }] },
      },
    ])
    expect(told).toEqual([{ code: 'bad', message: 'It is bad.' }])
    expect(a.engine.status).toMatchObject({ pending: 0, rejected: 1 })
    const error = await refusal(write.acknowledged)
    expect([error.code, error.message]).toEqual(['operation_rejected', expect.stringContaining('It is bad.')])
  })

  test('does not block other documents, before it or after it', async () => {
    const { world } = strictWorld()
    const [a, b] = await world.pair()
    for (const id of ['a', 'b', 'c', 'd']) await a.notes.create(id, { title: id === 'b' || id === 'c' ? 'bad' : id })
    await meet(a, b)
    expect(b.notes.list().map(({ id }) => id)).toEqual(['a', 'd'])
    expect(a.notes.list().map(({ id }) => id)).toEqual(['a', 'd'])
    expect([a.engine.status.pending, a.engine.status.rejected]).toEqual([0, 2])
  })

  test('takes with it what cannot stand without it', async () => {
    const { world } = strictWorld()
    const device = await world.device()
    const write = device.notes.create('a', { title: 'bad' })
    await write
    await device.notes.update('a', { body: 'text' })
    await device.sync()
    expect([device.notes.size, device.engine.status.pending, device.engine.rejected.list().length]).toEqual([0, 0, 2])
  })

  test('is remembered across restarts', async () => {
    const { world } = strictWorld()
    const device = await world.device()
    await device.notes.create('a', { title: 'bad' })
    await device.sync()
    const rejected = device.engine.rejected.list()
    const again = await device.reopen()
    expect(again.engine.rejected.list()).toEqual(rejected)
    expect((await refusal(again.engine.destroy())).code).toBe('pending_work')
  })

  test('is nothing to wait for once it was let go of, though the server is yet to be told', async () => {
    const { world } = strictWorld()
    const device = await world.device()
    device.link.after = (kind) => void (device.link.isDown = kind === 'push')
    await device.notes.create('a', { title: 'bad' })
    expect((await refusal(device.sync())).code).toBe('network')
    const [rejected] = device.engine.rejected.list()
    await device.engine.rejected.discard(rejected!.id)
    expect(device.engine.status.pending).toBe(0)
    await device.engine.destroy()
    const again = await device.reopen()
    expect(again.engine.rejected.list()).toEqual([])
  })

  test('can be tried again, under a new name and on what its author had seen', async () => {
    const { world, rules } = strictWorld()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'One' })
    await meet(a, b)
    await a.notes.update('a', { title: 'bad' })
    await a.sync()
    rules.isStrict = false
    const [rejected] = a.engine.rejected.list()
    const retry = a.engine.rejected.retry(rejected?.id ?? '')
    await retry
    expect([a.notes.get('a'), a.engine.rejected.list()]).toEqual([{ title: 'bad' }, []])
    await meet(a, b)
    await retry.acknowledged
    expect([b.notes.get('a'), b.notes.conflicts()]).toEqual([{ title: 'bad' }, []])
  })

  test('stays in sight once the server has it, also if it is tried again without what it stood on', async () => {
    const { world } = strictWorld()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'bad' })
    await a.notes.update('a', { body: 'good' })
    await a.sync()
    await b.notes.create('a', { title: 'by b' })
    await b.sync()
    const edit = a.engine.rejected.list().find(({ operation }) => operation.type === 'update')
    const retry = a.engine.rejected.retry(edit!.id)
    await retry
    a.link.after = (kind) => void (a.link.isDown = kind === 'push')
    await a.sync().catch(() => {})
    await retry.acknowledged
    expect(a.notes.get('a')).toEqual({ body: 'good' })
  })

  test('can be edited and tried again, and what is no such edit is refused and changes nothing', async () => {
    const { world } = strictWorld()
    const [a, b] = await world.pair()
    await a.notes.create('a', { title: 'bad', body: 'long' })
    await a.sync()
    const [rejected] = a.engine.rejected.list()
    const { id, operation } = rejected as Rejected
    expect(JSON.parse(JSON.stringify(operation.delta))).toEqual(operation.delta)
    for (const delta of [[], [{ root: 'content', path: ['title'], value: 'good' }], [{ path: [] }], [1]]) {
      const error = await refusal(a.engine.rejected.retry(id, { delta: delta as unknown as Delta }))
      expect([error.code, a.engine.rejected.list(), a.engine.status.pending]).toEqual(['invalid_value', [rejected], 0])
    }
    await a.engine.rejected.retry(id, {
      delta: [{ root: 'content', path: [], value: { title: 'good', body: 'long' } }],
    })
    await meet(a, b)
    expect([b.notes.get('a'), a.engine.rejected.list()]).toEqual([{ title: 'good', body: 'long' }, []])
  })

  test('can be discarded', async () => {
    const { world } = strictWorld()
    const device = await world.device()
    await device.notes.create('a', { title: 'bad' })
    await device.sync()
    const [rejected] = device.engine.rejected.list()
    await device.engine.rejected.discard(rejected?.id ?? '')
    expect(device.engine.rejected.list()).toEqual([])
    expect((await device.reopen()).engine.status.rejected).toBe(0)
  })

  test('is not lost by a retry in a batch that fails', async () => {
    const { world } = strictWorld()
    const device = await world.device()
    await device.notes.create('a', { title: 'bad' })
    await device.sync()
    const rejected = device.engine.rejected.list()
    const batch = device.engine.batch(() => {
      void device.engine.rejected.retry(rejected[0]?.id ?? '')
      void device.notes.delete('missing')
    })
    expect((await refusal(batch)).code).toBe('document_not_found')
    expect(device.engine.rejected.list()).toEqual(rejected)
    expect((await device.reopen()).engine.rejected.list()).toEqual(rejected)
  })

  test('that is unknown cannot be retried or discarded', async () => {
    const { world } = strictWorld()
    const { engine } = await world.device()
    expect((await refusal(engine.rejected.retry('x'))).code).toBe('invalid_options')
    expect((await refusal(engine.rejected.discard('x'))).code).toBe('invalid_options')
  })
})

test('operations behind the refused one keep what they stand on', async () => {
  const { world } = strictWorld()
  const [a, b] = await world.pair()
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  await a.notes.update('a', { title: 'bad' })
  // The round carries the first; the second is made on top of it.
  a.link.after = async () => {
    a.link.after = () => {}
    await a.notes.update('a', { title: 'Two' })
  }
  await a.sync()
  await meet(a, b)
  for (const { notes } of [a, b]) expect([notes.get('a'), notes.conflicts()]).toEqual([{ title: 'Two' }, []])
})
