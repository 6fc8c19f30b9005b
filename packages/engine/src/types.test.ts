import { expect, expectTypeOf, test } from 'vitest'
import { memoryState } from './memory-state.ts'
import { SyncEngine } from './sync-engine.ts'

interface Story {
  title: string
  tags: string[]
  cover?: { url: string; size: { width: number; height: number } }
}
interface Draft {
  readonly text: string | null
}

// What the compiler says is the test: `tsc` fails on an error that it does not find.

const open = (): Promise<SyncEngine<{ stories: Story; drafts: Draft }>> =>
  SyncEngine.open<{ stories: Story; drafts: Draft }>({
    space: 'types',
    collections: { stories: { strategy: 'auto_merge' }, drafts: {} },
    state: memoryState(),
  })

test('an interface is a document type, and what is read of it is deep-readonly', async () => {
  const engine = await open()
  const stories = engine.collection('stories')
  await stories.create('a', { title: 'One', tags: ['x'] })
  const story = stories.get('a')
  expectTypeOf(story?.title).toEqualTypeOf<string | undefined>()
  expectTypeOf(story?.tags).toEqualTypeOf<readonly string[] | undefined>()
  expect(() => {
    // @ts-expect-error what is read cannot be assigned to
    if (story) story.title = 'Two'
  }).toThrow(TypeError)
  expect(() => {
    // @ts-expect-error nor changed in depth
    story?.tags.push('y')
  }).toThrow(TypeError)
  expectTypeOf(stories.list({ where: ({ title }) => title !== '', orderBy: 'title' })[0]?.value.title).toEqualTypeOf<
    string | undefined
  >()
})

test('what JSON cannot carry is a compile error in a document type', () => {
  const options = { space: 'types', state: memoryState() }
  const never = async (): Promise<void> => {
    // @ts-expect-error a Date
    await SyncEngine.open<{ stories: { at: Date } }>({ ...options, collections: { stories: {} } })
    // @ts-expect-error a Map, in depth
    await SyncEngine.open<{ stories: { in: { map: Map<string, string> }[] } }>({
      ...options,
      collections: { stories: {} },
    })
    // @ts-expect-error a function
    await SyncEngine.open<{ stories: { run: () => void } }>({ ...options, collections: { stories: {} } })
    // @ts-expect-error a bigint
    await SyncEngine.open<{ stories: { count: bigint } }>({ ...options, collections: { stories: {} } })
    // @ts-expect-error a document that is no object
    await SyncEngine.open<{ stories: string }>({ ...options, collections: { stories: {} } })
  }
  expect(never).toBeTypeOf('function')
})

test('collection names are those of the map, and each is configured', async () => {
  const engine = await open()
  // @ts-expect-error no such collection
  expect(() => engine.collection('others')).toThrow(/not configured/)
  const never = async (): Promise<void> => {
    const twoCollections = { space: 'x', state: memoryState() }
    // @ts-expect-error drafts is missing
    await SyncEngine.open<{ stories: Story; drafts: Draft }>({ ...twoCollections, collections: { stories: {} } })
    // @ts-expect-error no such collection
    engine.pendingOf('others', 'a')
  }
  expect(never).toBeTypeOf('function')
})

test('a patch is a deep partial of the document', async () => {
  const stories = (await open()).collection('stories')
  await stories.create('a', { title: 'One', tags: [], cover: { url: '/', size: { width: 1, height: 2 } } })
  await stories.update('a', { cover: { size: { width: 3 } } })
  expect(stories.get('a')?.cover).toEqual({ url: '/', size: { width: 3, height: 2 } })
  await stories.update('a', { cover: undefined })
  expect(stories.get('a')).toEqual({ title: 'One', tags: [] })
  const never = (): void => {
    // @ts-expect-error only an optional field can be removed
    void stories.update('a', { title: undefined })
    // @ts-expect-error a field of another type
    void stories.update('a', { title: 1 })
    // @ts-expect-error a field that is not there
    void stories.update('a', { cover: { colour: 'red' } })
    // @ts-expect-error an item of another type
    void stories.update('a', { tags: [1] })
    // @ts-expect-error a document with a field missing
    void stories.create('b', { title: 'Two' })
    // @ts-expect-error a field of another type
    void stories.set('b', { title: 'Two', tags: [1] })
    // @ts-expect-error an order by a field that is not there
    stories.list({ orderBy: 'colour' })
  }
  expect(never).toBeTypeOf('function')
})

test('a draft is mutable, in depth', async () => {
  const stories = (await open()).collection('stories')
  await stories.create('a', { title: 'One', tags: [] })
  await stories.update('a', (draft) => {
    expectTypeOf(draft.tags).toEqualTypeOf<string[]>()
    draft.title = 'Two'
    draft.tags.push('x')
    draft.cover = { url: '/', size: { width: 1, height: 2 } }
    draft.cover.size.width = 3
  })
  expect(stories.get('a')?.cover?.size.width).toBe(3)
  const drafts = (await open()).collection('drafts')
  await drafts.create('a', { text: null })
  await drafts.update('a', (draft) => {
    draft.text = 'readonly in the type of the document, not in its draft'
  })
})

test('what is read can be written again', async () => {
  const stories = (await open()).collection('stories')
  await stories.create('a', { title: 'One', tags: ['x'] })
  const story = stories.get('a')
  if (!story) throw new Error('It is not there.')
  await stories.set('b', story)
  await stories.set('a', { ...story, title: 'Two' }, { read: story })
  expect(stories.get('b')).toEqual(story)
})

test('an engine without a map takes any JSON object', async () => {
  const engine = await SyncEngine.open({ space: 'types', collections: { things: {} }, state: memoryState() })
  const things = engine.collection('things')
  await things.create('a', { any: ['thing', { at: 1 }] })
  await things.update('a', (draft) => {
    draft['more'] = true
  })
  await things.update('a', { deep: { er: 1 } })
  expect(things.get('a')).toEqual({ any: ['thing', { at: 1 }], more: true, deep: { er: 1 } })
})

test('events are typed by their names', async () => {
  const engine = await open()
  engine.on('sync_completed', ({ pushed, durationMs }) => void [pushed.toFixed(), durationMs.toFixed()])
  const end = engine.on('change', (changes) => changes.forEach(({ collection }) => collection.toUpperCase()))
  expectTypeOf(end).toEqualTypeOf<() => void>()
  const never = (): void => {
    // @ts-expect-error no such event
    engine.on('synced', () => {})
  }
  expect(never).toBeTypeOf('function')
  const result = await engine.syncNow()
  if (result.ok) expectTypeOf(result.pulled).toEqualTypeOf<number>()
  else expect(result.error.code).toBe('no_transport')
})
