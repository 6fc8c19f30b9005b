import { LIMITS, SyncError, isSyncError } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { FragileState } from './testing/fragile-state.ts'
import { openLocal, refusal } from './testing/local.ts'
import type { Note } from './testing/world.ts'
import { SyncEngine } from './sync-engine.ts'

const lateEdit: (draft: { title?: string }) => unknown = async (draft) => {
  await Promise.resolve()
  draft.title = 'Two'
}

const bad = (value: unknown): Note => value as Note

describe('a write is refused with its code', () => {
  test('document_exists: a create of an id that is taken', async () => {
    const { notes } = await openLocal()
    await notes.create('a', {})
    expect((await refusal(notes.create('a', {}))).code).toBe('document_exists')
  })

  test('document_not_found: an update, a metadata update, a delete or a resolve of a missing document', async () => {
    const { notes } = await openLocal()
    const refused = [
      notes.update('a', {}),
      notes.updateMetadata('a', {}),
      notes.delete('a'),
      notes.resolve('a', { keepBoth: true }),
    ]
    for (const promise of refused) expect((await refusal(promise)).code).toBe('document_not_found')
  })

  test('unknown_collection: a collection that was not configured', async () => {
    const { engine } = await openLocal()
    expect(() => engine.collection('others' as 'notes')).toThrow(
      expect.objectContaining({ code: 'unknown_collection' }) as Error,
    )
  })

  test('invalid_id: an id that could not be a name', async () => {
    const { notes } = await openLocal()
    for (const id of ['', '.hidden', 'a b', 'a/b', 'x'.repeat(129), 'ä']) {
      expect((await refusal(notes.create(id, {}))).code).toBe('invalid_id')
      expect((await refusal(notes.set(id, {}))).code).toBe('invalid_id')
    }
  })

  test('invalid_value: with the path of what JSON cannot carry', async () => {
    const { notes } = await openLocal()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const cases: [unknown, (string | number)[]][] = [
      [{ body: Number.NaN }, ['body']],
      [{ tags: ['x', 1n] }, ['tags', 1]],
      [{ place: { city: new Date() } }, ['place', 'city']],
      [{ place: new Map() }, ['place']],
      [{ body: () => 1 }, ['body']],
      [{ body: '\ud800' }, ['body']],
      [JSON.parse('{"__proto__": 1}'), ['__proto__']],
      [[1], []],
      [null, []],
      ['text', []],
      [new Map(), []],
    ]
    for (const [value, path] of cases) {
      const error = await refusal(notes.create('a', bad(value)))
      expect([error.code, error.details['path']]).toEqual(['invalid_value', path])
    }
    expect((await refusal(notes.create('a', bad(cycle)))).code).toBe('invalid_value')
    await notes.create('a', { title: 'Dragon' })
    expect((await refusal(notes.update('a', bad({ title: cycle })))).code).toBe('invalid_value')
    expect((await refusal(notes.updateMetadata('a', { title: cycle } as never))).code).toBe('invalid_value')
  })

  test('invalid_value: a patch that is no plain object, or holds none', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    for (const patch of [null, 1, ['x'], new Map([['title', 'Two']]), new Date()]) {
      expect((await refusal(notes.update('a', bad(patch)))).code).toBe('invalid_value')
      expect((await refusal(notes.updateMetadata('a', patch as never))).code).toBe('invalid_value')
    }
    const error = await refusal(notes.update('a', bad({ place: { city: new Date() } })))
    expect([error.code, error.details['path']]).toEqual(['invalid_value', ['place', 'city']])
    expect((await refusal(notes.update('a', bad(JSON.parse('{"__proto__": {"x": 1}}'))))).code).toBe('invalid_value')
  })

  test('invalid_options: an edit that goes on after it returned', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    const late = notes.update('a', lateEdit)
    expect((await refusal(late)).code).toBe('invalid_options')
  })

  test('document_too_large: a document past its limit', async () => {
    const { notes } = await openLocal()
    expect((await refusal(notes.create('a', { body: 'x'.repeat(LIMITS.documentBytes) }))).code).toBe(
      'document_too_large',
    )
  })

  test('document_too_large: metadata past the limit of a document', async () => {
    const { notes } = await openLocal()
    await notes.create('a', {})
    const write = notes.updateMetadata('a', { text: 'x'.repeat(LIMITS.documentBytes) })
    expect((await refusal(write)).code).toBe('document_too_large')
  })

  test('operation_too_large: a document that fits, with an envelope that does not', async () => {
    const { notes } = await openLocal()
    const body = 'x'.repeat(LIMITS.documentBytes - '{"body":""}'.length)
    expect((await refusal(notes.create('a', { body }))).code).toBe('operation_too_large')
  })

  test('invalid_options: a read value that this collection did not give', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    await notes.create('b', { title: 'Two' })
    const other = notes.get('b') as Note
    expect((await refusal(notes.set('a', {}, { read: {} }))).code).toBe('invalid_options')
    expect((await refusal(notes.set('a', {}, { read: other }))).code).toBe('invalid_options')
  })

  test('every refusal is a SyncError that says what to do', async () => {
    const { notes } = await openLocal()
    const error = await refusal(notes.update('a', {}))
    expect(isSyncError(error)).toBe(true)
    expect(error).toBeInstanceOf(SyncError)
    expect(error.fix).toContain('create')
  })
})

test('a refused write leaves nothing behind, in memory or in the store', async () => {
  const state = new FragileState()
  const { engine, notes } = await openLocal(state)
  const before = state.commits.length
  await refusal(notes.create('a', bad({ body: Number.NaN })))
  await refusal(notes.update('a', {}))
  await refusal(notes.create('b', { body: 'x'.repeat(LIMITS.documentBytes) }))
  expect([notes.size, engine.status.pending, state.commits.length]).toEqual([0, 0, before])
})

test('a list refuses an offset or a limit that is no count', async () => {
  const { notes } = await openLocal()
  for (const count of [-1, 0.5, Number.NaN]) {
    expect(() => notes.list({ limit: count })).toThrow(expect.objectContaining({ code: 'invalid_options' }) as Error)
    expect(() => notes.list({ offset: count })).toThrow(expect.objectContaining({ code: 'invalid_options' }) as Error)
  }
})

test('opening refuses a strategy and names that do not exist', async () => {
  const state = new FragileState()
  const open = (space: string, collections: Record<string, { strategy?: never }>): Promise<unknown> =>
    SyncEngine.open({ space, collections, state })
  expect((await refusal(open('a', { notes: { strategy: 'best' as never } }))).code).toBe('invalid_options')
  expect((await refusal(open('a', { 'no name': {} }))).code).toBe('invalid_id')
  expect((await refusal(open('', { notes: {} }))).code).toBe('invalid_id')
})
