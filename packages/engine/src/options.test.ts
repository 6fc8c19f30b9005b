import { httpTransport } from '@whisker/transport-http'
import { describe, expect, test } from 'vitest'
import { type SyncEngineOptions, SyncEngine, memoryState, withFallback } from './index.ts'
import { openLocal, refusal } from './testing/local.ts'
import { type Notes, World, pause, until } from './testing/world.ts'

/** Whether anything was opened is told by `opened`. */
const validOptions = (): { options: SyncEngineOptions<Notes>; opened: () => number } => {
  let count = 0
  const inner = memoryState()
  const open: typeof inner.open = (...given) => {
    count++
    return inner.open(...given)
  }
  return { options: { space: 'local', collections: { notes: {}, drafts: {} }, state: { open } }, opened: () => count }
}

describe('SyncEngine.open', () => {
  const changes: [string, object][] = [
    ['no collections', { collections: undefined }],
    ['collections as a text', { collections: 'notes' }],
    ['collections as an array', { collections: ['notes'] }],
    ['a collection as a text', { collections: { notes: 'auto_merge' } }],
    ['an unknown option', { poll: 5 }],
    ['an unknown option of a collection', { collections: { notes: { stategy: 'manual' } } }],
    ['an unknown strategy', { collections: { notes: { strategy: 'newest' } } }],
    ['a merge that is no function', { collections: { notes: { merge: 5 } } }],
    ['a device as a text', { device: 'Laptop' }],
    ['a device name that is a number', { device: { name: 5 } }],
    ['a device name that UTF-8 cannot carry', { device: { name: '\uD83D' } }],
    ['limits as a text', { limits: 'lots' }],
    ['a limit of 0', { limits: { pageRows: 0 } }],
    ['a limit that is a text', { limits: { pageRows: 'lots' } }],
    ['an unknown limit', { limits: { rows: 5 } }],
    ['a transport as a text', { transport: 'http://localhost' }],
    ['a transport without its methods', { transport: {} }],
    ['no state', { state: undefined }],
    ['a state as a text', { state: 'file.db' }],
    ['pollMs 0', { pollMs: 0 }],
    ['pollMs below 0', { pollMs: -5 }],
    ['pollMs NaN', { pollMs: Number.NaN }],
    ['debounceMs NaN', { debounceMs: Number.NaN }],
    ['debounceMs Infinity', { debounceMs: Infinity }],
  ]

  test('refuses each wrong option with a fix, and opens nothing', async () => {
    for (const [what, change] of changes) {
      const { options, opened } = validOptions()
      const error = await refusal(SyncEngine.open({ ...options, ...change }))
      expect([what, error.code, typeof error.fix, opened()]).toEqual([what, 'invalid_options', 'string', 0])
    }
    for (const nothing of [undefined, null, 'local', []]) {
      const error = await refusal(SyncEngine.open(nothing as never))
      expect([nothing, error.code, typeof error.fix]).toEqual([nothing, 'invalid_options', 'string'])
    }
  })

  test('takes the same options when none is wrong', async () => {
    const { options, opened } = validOptions()
    await (await SyncEngine.open<Notes>(options)).close()
    expect(opened()).toBe(1)
  })
})

test('an engine with pollMs Infinity never polls', async () => {
  const world = new World()
  const device = await world.device({ pollMs: Infinity })
  let rounds = 0
  device.engine.on('sync_started', () => rounds++)
  device.engine.start()
  world.clock.advance(0)
  await until(() => device.engine.status.everSynced)
  await pause()
  expect(world.clock.planned).toBe(0)
  world.clock.advance(3_600_000)
  await pause()
  expect(rounds).toBe(1)
  await device.engine.close()
})

describe('an update by a function', () => {
  test('that returns an object is refused, and changes nothing', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    const error = await refusal(notes.update('a', (draft) => ({ ...draft, title: 'Two' })))
    expect([error.code, typeof error.fix, notes.get('a')]).toEqual(['invalid_options', 'string', { title: 'One' }])
  })

  test('that throws is rejected with the very error', async () => {
    const { notes } = await openLocal()
    await notes.create('a', { title: 'One' })
    const error = new RangeError('Mine.')
    const write = notes.update('a', (draft) => {
      draft.title = 'Two'
      throw error
    })
    expect([await refusal(write), notes.get('a')]).toEqual([error, { title: 'One' }])
    await expect(write).rejects.toBe(error)
  })
})

test('what must be a function is refused when it is none', async () => {
  const { engine, notes } = await openLocal()
  const invalid = expect.objectContaining({ code: 'invalid_options', fix: expect.any(String) as string }) as Error
  for (const wrong of [undefined, null, 'change', {}] as never[]) {
    expect(() => engine.on('change', wrong)).toThrow(invalid)
    expect(() => notes.subscribe(wrong)).toThrow(invalid)
  }
  for (const wrong of ['title', { title: 'One' }, 5] as never[]) {
    expect(() => notes.list({ where: wrong })).toThrow(invalid)
  }
})

test('two ways to a server are refused where one is none', () => {
  const other = httpTransport({ url: 'http://localhost' })
  const one = { ...httpTransport({ url: 'http://localhost' }), subscribe: () => ({ close: () => undefined }) }
  const invalid = expect.objectContaining({ code: 'invalid_options', fix: expect.any(String) as string }) as Error
  for (const wrong of [
    [undefined, other],
    [one, { pull: () => undefined }],
    [one, one],
    [other, one],
    [one, other, null],
    [one, other, { timeoutMs: 5 }],
    [one, other, { clock: Date }],
    [one, other, { wakes: true }],
  ] as never as Parameters<typeof withFallback>[]) {
    expect(() => withFallback(...wrong)).toThrow(invalid)
  }
})
