import { expect, test } from 'vitest'
import { type Fate, Model, type Write, textsIn } from './model.ts'

interface WriteParts {
  readonly store?: string
  readonly over?: readonly string[]
  readonly texts?: readonly string[]
  readonly again?: readonly string[]
  readonly around?: readonly string[]
  readonly what?: string
  readonly isDelete?: boolean
  readonly key?: string
  readonly atMs?: number
  readonly fate?: Fate
}

/** A write of a text of its own, told to be safe unless it is said otherwise. */
function write(
  model: Model,
  {
    store = 'D0',
    over = [],
    texts = [model.mint()],
    again = [],
    around = [],
    what = 'write',
    isDelete = false,
    key,
    atMs = 0,
    fate = 'durable',
  }: WriteParts = {},
): Write {
  const added = model.add({
    store,
    collection: 'stories',
    document: 'dragon',
    what,
    texts,
    over,
    again,
    around,
    isDelete,
    key,
    atMs,
  })
  added.fate = fate
  return added
}

const textOf = ({ texts }: Write): string => texts[0] as string
const found = (...writes: readonly Write[]): ReadonlySet<string> => new Set(writes.flatMap(({ texts }) => texts))
const anybody = (): boolean => true

test('a text that nobody wrote over is lost if it is not found', () => {
  const model = new Model()
  const [first, second] = [write(model), write(model)]
  expect(model.lost(found(first, second))).toEqual([])
  expect(model.lost(found(first))).toEqual([`${textOf(second)} (write 1 of D0: write stories/dragon)`])
})

test('a text that somebody wrote over need not be found', () => {
  const model = new Model()
  const first = write(model)
  const second = write(model, { over: first.texts })
  expect(model.lost(found(second))).toEqual([])
})

test('a text is lost all the same if what was written over it was refused', () => {
  const model = new Model()
  const first = write(model)
  write(model, { over: first.texts, fate: 'refused' })
  expect(model.lost(found())).toHaveLength(1)
})

test.for(['begun', 'refused', 'unsure'] as const)('a text whose write is %s need not be found', (fate) => {
  const model = new Model()
  write(model, { fate })
  expect(model.lost(found())).toEqual([])
})

test('a text that somebody let go of need not be found', () => {
  const model = new Model()
  const first = write(model)
  model.discard(first.texts)
  expect(model.lost(found())).toEqual([])
})

test('only the writes that are asked for can be lost', () => {
  const model = new Model()
  write(model, { store: 'D0' })
  const other = write(model, { store: 'D1' })
  expect(model.lost(found(), ({ store }) => store === 'D1')).toEqual([expect.stringContaining(textOf(other))])
})

test('a text that nobody wrote is invented', () => {
  const model = new Model()
  const first = write(model)
  expect(model.invented(found(first))).toEqual([])
  expect(model.invented(new Set([textOf(first), '<w99>']))).toEqual(['<w99>'])
})

/** Two writes, one over the other, that the server took. */
function overwritten(parts: WriteParts = {}): { model: Model; first: Write; second: Write } {
  const model = new Model()
  const first = write(model)
  const second = write(model, { store: 'D1', over: first.texts, ...parts })
  for (const store of ['D0', 'D1']) model.reachedServer(store, model.writes.length, new Set())
  return { model, first, second }
}

test('a text that was written over is risen if it is found', () => {
  const { model, first, second } = overwritten()
  expect(model.risen(found(second), anybody)).toEqual([])
  expect(model.risen(found(first, second), anybody)).toEqual([
    `${textOf(first)} (write 0 of D0: write stories/dragon), written over by write 1 of D1: write stories/dragon`,
  ])
  expect(model.risen(found(first, second), () => false)).toEqual([])
})

test.for([
  ['a delete, which an edit that did not know of it undoes', { isDelete: true }],
  ['a write that brought no text of its own', { texts: [] }],
] as const)('a text may be there again after %s', ([, parts]) => {
  const { model, first } = overwritten(parts)
  expect(model.risen(found(first), anybody)).toEqual([])
})

test('a text may be there again if what was written over it was let go of', () => {
  const { model, first, second } = overwritten()
  model.discard(second.texts)
  expect(model.risen(found(first), anybody)).toEqual([])
})

test.for(['begun', 'refused', 'unsure'] as const)(
  'a text may be there again if what was written over it is %s',
  (fate) => {
    const { model, first, second } = overwritten()
    second.fate = fate
    expect(model.risen(found(first), anybody)).toEqual([])
  },
)

test('a text may be there again as long as the server does not have what was written over it', () => {
  const model = new Model()
  const first = write(model)
  write(model, { store: 'D1', over: first.texts })
  model.reachedServer('D0', model.writes.length, new Set())
  expect(model.risen(found(first), anybody)).toEqual([])
})

test('what reached the server are the safe writes of a store up to a number, but for what was refused', () => {
  const model = new Model()
  const [safe, refused] = [write(model), write(model)]
  const others = [write(model, { store: 'D1' }), write(model, { fate: 'begun' }), write(model)]
  model.reachedServer('D0', 4, found(refused))
  expect(safe.isOnServer).toBe(true)
  expect([refused, ...others].map(({ isOnServer }) => isOnServer)).toEqual([false, false, false, false])
})

test('when a store goes back, what it wrote since is still asked for if the server has it, and only then', () => {
  const model = new Model()
  const before = write(model)
  const sent = write(model)
  model.reachedServer('D0', 2, new Set())
  const [unsent, other] = [write(model), write(model, { store: 'D1' })]
  model.storeWentBack('D0', 1)
  expect([before, sent, unsent, other].map(({ fate, isInStore }) => [fate, isInStore])).toEqual([
    ['durable', true],
    ['durable', false],
    ['unsure', false],
    ['durable', true],
  ])
  expect(model.lost(found())).toHaveLength(3)
})

test('when the server goes back, what it took since is still asked for if its store has it, and only then', () => {
  const model = new Model()
  const before = write(model)
  // Written before the backup, and sent after it.
  const late = write(model, { store: 'D1' })
  model.reachedServer('D0', 1, new Set())
  const held = model.onServer
  const [kept, gone] = [write(model), write(model, { store: 'D1' })]
  for (const store of ['D0', 'D1']) model.reachedServer(store, 4, new Set())
  model.storeWentBack('D1', 1)
  model.serverWentBack(held)
  expect([before, late, kept, gone].map(({ fate, isOnServer }) => [fate, isOnServer])).toEqual([
    ['durable', true],
    ['unsure', false],
    ['durable', false],
    ['unsure', false],
  ])
})

test('no text is minted twice, and each is found wherever it stands', () => {
  const model = new Model()
  const texts = [model.mint(), model.mint('p'), model.mint()]
  expect(new Set(texts).size).toBe(3)
  expect(textsIn({ title: texts[0], tags: [{ deep: `with ${texts[1]}` }], [texts[2] as string]: 1 })).toEqual(texts)
  expect(textsIn(undefined)).toEqual([])
})

test('a text that somebody wrote again, as a part of what is one value, is not risen', () => {
  const model = new Model()
  const first = write(model)
  const over = write(model, { over: first.texts })
  const list = write(model, { store: 'D1', again: first.texts })
  for (const store of ['D0', 'D1']) model.reachedServer(store, 3, new Set())
  expect(model.risen(found(first, over, list), () => true)).toEqual([])
})

test('a text that somebody chose is not missing where only the choice is yet to be sent', () => {
  const model = new Model()
  const first = write(model)
  expect(model.unheard(first, found())).toEqual(first.texts)
  write(model, { again: first.texts, texts: [] })
  expect(model.unheard(first, found())).toEqual([])
  expect(model.lost(found())).toHaveLength(1)
})

test('a text around the place that somebody wrote to may be there, and may be gone', () => {
  const model = new Model()
  const first = write(model)
  const within = write(model, { around: first.texts })
  model.reachedServer('D0', 2, new Set())
  expect(model.lost(found(within))).toEqual([])
  expect(model.risen(found(first, within), () => true)).toEqual([])
})

test('a refused delete counts if what was then created in its place went on in a form', () => {
  const model = new Model()
  const first = write(model)
  write(model, { over: first.texts, texts: [], isDelete: true, fate: 'refused' })
  expect(model.lost(found())).toHaveLength(1)
  const created = write(model, { what: 'create', fate: 'refused' })
  const saved = write(model, { over: created.texts })
  expect(model.lost(found(saved))).toEqual([])
})

test('what was noted is not lost if it gave way to something later at its place that is there', () => {
  const model = new Model()
  write(model, { key: 'pinned', atMs: 1 })
  const later = write(model, { key: 'pinned', atMs: 1 })
  expect(model.lost(found(later))).toEqual([])
  expect(model.lost(found())).toHaveLength(2)
})

test.for([
  ['at another place', { key: 'colour', atMs: 2 }],
  ['as a part of the document', { atMs: 2 }],
  ['before it', { key: 'pinned', atMs: 0 }],
  ['in vain', { key: 'pinned', atMs: 2, fate: 'refused' }],
] as const)('what was noted does not give way to what was written %s', ([, parts]) => {
  const model = new Model()
  write(model, { key: 'pinned', atMs: 1 })
  const other = write(model, parts)
  expect(model.lost(found(other))).toHaveLength(1)
})

test('where clocks are wrong, what was noted may give way to anything at its place', () => {
  const model = new Model(false)
  const earlier = write(model, { key: 'pinned' })
  write(model, { key: 'pinned', atMs: 1 })
  expect(model.lost(found(earlier))).toEqual([])
})

test('what was noted goes with its document, whether it was seen or not', () => {
  const model = new Model()
  write(model, { key: 'pinned' })
  write(model, { texts: [], isDelete: true })
  expect(model.lost(found())).toEqual([])
})
