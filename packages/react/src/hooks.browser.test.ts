import { type Member, SyncEngine, type Transport, memoryState } from '@whisker/engine'
import type { RequestOptions } from '@whisker/protocol'
import { type ReactNode, StrictMode, act, createElement, startTransition, useState } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  SyncProvider,
  useCollection,
  useConflicts,
  useDocument,
  usePresence,
  useSyncEngine,
  useSyncStatus,
} from './index.ts'

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })

interface Story {
  title: string
  stars?: number
}

async function openEngine(transport?: Transport): Promise<SyncEngine<{ stories: Story }>> {
  const engine = await SyncEngine.open<{ stories: Story }>({
    space: 'library',
    collections: { stories: { strategy: 'manual' } },
    state: memoryState(),
    transport,
  })
  onTestFinished(async () => engine.close())
  return engine
}

interface Shown<T> {
  /** What the hook gave at each render that was committed. */
  readonly seen: T[]
  readonly latest: () => T
  readonly render: (engine: SyncEngine<{ stories: Story }> | undefined) => Promise<void>
  readonly unmount: () => Promise<void>
}

/** A component that uses a hook and nothing else, on a page. */
function show<T>(hook: () => T, isStrict = false): Shown<T> {
  const seen: T[] = []
  const root = createRoot(document.createElement('div'))
  const Component = (): null => {
    seen.push(hook())
    return null
  }
  const unmount = async (): Promise<void> => act(async () => root.unmount())
  onTestFinished(unmount)
  return {
    seen,
    latest: () => seen.at(-1) as T,
    unmount,
    async render(engine) {
      const inside = createElement(SyncProvider, { engine }, createElement(Component))
      await act(async () => root.render(isStrict ? createElement(StrictMode, null, inside) : inside))
    },
  }
}

const settled = async (work: () => unknown): Promise<void> => act(async () => void (await work()))

describe('useDocument', () => {
  test('shows a document as it changes, and renders for no other', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('dragon', { title: 'The Dragon' })
    const shown = show(() => useDocument<Story>('stories', 'dragon'))
    await shown.render(engine)
    expect(shown.seen).toEqual([{ title: 'The Dragon' }])
    await settled(() => stories.create('castle', { title: 'The Castle' }))
    expect(shown.seen).toHaveLength(1)
    await settled(() => stories.update('dragon', { title: 'The Last Dragon' }))
    await settled(() => stories.delete('dragon'))
    expect(shown.seen).toEqual([{ title: 'The Dragon' }, { title: 'The Last Dragon' }, undefined])
  })

  test('gives what can be handed back as read', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('dragon', { title: 'The Dragon' })
    const shown = show(() => useDocument<Story>('stories', 'dragon'))
    await shown.render(engine)
    expect(shown.latest()).toBe(stories.get('dragon'))
    await settled(() => stories.set('dragon', { title: 'Mine' }, { read: shown.latest() }))
    expect(shown.latest()).toEqual({ title: 'Mine' })
  })

  test('of another id shows that one', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('a', { title: 'A' })
    await stories.create('b', { title: 'B' })
    const control: { choose?: (id: string) => void } = {}
    const shown = show(() => {
      const [id, setId] = useState('a')
      control.choose = setId
      return useDocument<Story>('stories', id)?.title
    })
    await shown.render(engine)
    await settled(() => control.choose?.('b'))
    await settled(() => stories.update('a', { title: 'A2' }))
    await settled(() => stories.update('b', { title: 'B2' }))
    expect(shown.seen.filter((title, at) => title !== shown.seen[at - 1])).toEqual(['A', 'B', 'B2'])
  })
})

const best = ({ stars = 0 }: { readonly stars?: number }): boolean => stars > 2

describe('useCollection', () => {
  test('lists what is picked, in order, and renders only if that looks different', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    for (const [id, stars] of [
      ['a', 5],
      ['b', 1],
      ['c', 3],
    ] as const)
      await stories.create(id, { title: id, stars })
    const shown = show(() => useCollection<Story>('stories', { where: best, orderBy: 'stars' }))
    await shown.render(engine)
    expect(shown.latest().map(({ id }) => id)).toEqual(['c', 'a'])
    const [first, second] = shown.latest()
    await settled(() => stories.update('b', { title: 'still not good' }))
    expect(shown.seen).toHaveLength(1)
    await settled(() => stories.update('a', { stars: 4 }))
    expect(shown.latest()[0]).toBe(first)
    expect(shown.latest()[1]).not.toBe(second)
    await settled(() => stories.update('b', { stars: 6 }))
    expect(shown.latest().map(({ id }) => id)).toEqual(['c', 'a', 'b'])
    expect(shown.seen).toHaveLength(3)
  })

  test('with a where that is made at each render gives the same list as long as it looks the same', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('a', { title: 'A', stars: 5 })
    const control: { again?: (count: number) => void } = {}
    const shown = show(() => {
      const [count, setCount] = useState(0)
      control.again = setCount
      return [count, useCollection<Story>('stories', { where: ({ stars = 0 }) => stars > count })] as const
    })
    await shown.render(engine)
    const [, list] = shown.latest()
    await settled(() => control.again?.(1))
    expect(shown.latest()[1]).toBe(list)
    await settled(() => control.again?.(7))
    expect(shown.latest()[1]).toEqual([])
    expect(shown.seen.length).toBeLessThan(10)
  })
})

describe('useConflicts', () => {
  test('lists what is to be decided, until it is', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('dragon', { title: 'The Dragon' })
    const read = stories.get('dragon')
    const shown = show(() => useConflicts('stories'))
    await shown.render(engine)
    expect(shown.latest()).toEqual([])
    await settled(() => stories.update('dragon', { title: 'One' }))
    expect(shown.seen).toHaveLength(1)
    if (read) await settled(() => stories.set('dragon', { title: 'Another' }, { read }))
    expect(shown.latest()).toMatchObject([{ id: 'dragon', path: ['title'] }])
    await settled(() => stories.resolve('dragon', { path: ['title'], value: 'Both' }))
    expect(shown.latest()).toEqual([])
  })
})

describe('useSyncStatus', () => {
  test('tells what is going on, and renders only when that changes', async () => {
    const engine = await openEngine()
    const shown = show(useSyncStatus)
    await shown.render(engine)
    expect(shown.latest()).toEqual(engine.status)
    const before = shown.seen.length
    await settled(() => engine.collection('stories').create('a', { title: 'A' }))
    expect(shown.latest()).toMatchObject({ state: 'stopped', pending: 1 })
    await settled(() => undefined)
    expect(shown.seen.length).toBe(before + 1)
  })
})

const never = async (_: unknown, { signal }: RequestOptions = {}): Promise<never> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))

/** A way to a server at which somebody else is. */
function liveTransport(): {
  readonly transport: Transport
  readonly arrive: (members: readonly Member[]) => void
  readonly shown: unknown[]
} {
  const listeners: ((members: readonly Member[]) => void)[] = []
  const shown: unknown[] = []
  return {
    shown,
    arrive: (members) => listeners.forEach((listener) => listener(members)),
    transport: {
      version: never,
      pull: never,
      push: never,
      isAvailable: async () => true,
      close: async () => undefined,
      subscribe(_, listener) {
        queueMicrotask(() => {
          listener.connected(true)
          listener.present?.([])
        })
        listeners.push((members) => listener.present?.(members))
        return { close: () => undefined, show: (value) => void shown.push(value) }
      },
    },
  }
}

test('usePresence tells who is here, and shows what this device shows', async () => {
  const { transport, arrive, shown: told } = liveTransport()
  const engine = await openEngine(transport)
  const shown = show(usePresence)
  await shown.render(engine)
  expect(shown.latest()).toMatchObject({ isAvailable: false, members: [] })
  await settled(() => engine.start())
  await expect.poll(() => shown.latest().isAvailable).toBe(true)
  const { show: first } = shown.latest()
  const ben = {
    id: '1',
    principal: 'ben',
    device: engine.device.id as Member['device'],
    name: 'Phone',
    value: 'dragon',
  }
  await settled(() => arrive([ben]))
  expect(shown.latest().members).toEqual([ben])
  expect(shown.latest().show).toBe(first)
  shown.latest().show({ document: 'castle' })
  expect(told).toEqual([{ document: 'castle' }])
})

const Title = (): ReactNode => useDocument<Story>('stories', 'a')?.title ?? 'nothing yet'

describe('a page', () => {
  test('without an engine is empty, and fills when there is one', async () => {
    const shown = show(() => [
      useSyncEngine(),
      useDocument('stories', 'a'),
      useCollection('stories'),
      useConflicts('stories'),
    ])
    await shown.render(undefined)
    expect(shown.latest()).toEqual([undefined, undefined, [], []])
    const engine = await openEngine()
    await engine.collection('stories').create('a', { title: 'A' })
    await shown.render(engine)
    expect(shown.latest()).toMatchObject([{}, { title: 'A' }, [{ id: 'a' }], []])
  })

  test('in StrictMode listens once, and not after it is gone', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    const shown = show(() => useDocument<Story>('stories', 'a'), true)
    await shown.render(engine)
    await settled(() => stories.create('a', { title: 'A' }))
    expect(shown.latest()).toEqual({ title: 'A' })
    const { length } = shown.seen
    await shown.unmount()
    await settled(() => stories.update('a', { title: 'B' }))
    expect(shown.seen).toHaveLength(length)
  })

  test('whose engine is closed while it is shown goes on showing what it showed', async () => {
    const engine = await openEngine()
    await engine.collection('stories').create('a', { title: 'A' })
    const shown = show(() => [useDocument<Story>('stories', 'a')?.title, useCollection('stories').length])
    await shown.render(engine)
    await settled(() => engine.close())
    await shown.render(engine)
    expect(shown.latest()).toEqual(['A', 1])
  })

  test('never shows two states of one document at once, also while it renders in the background', async () => {
    const engine = await openEngine()
    const stories = engine.collection('stories')
    await stories.create('a', { title: '0' })
    const seen: (readonly (string | undefined)[])[] = []
    let row: (string | undefined)[] = []
    const Cell = (): null => {
      row.push(useDocument<Story>('stories', 'a')?.title)
      const endMs = performance.now() + 2
      while (performance.now() < endMs);
      return null
    }
    const control: { grow?: (count: number) => void } = {}
    const Row = (): ReactNode => {
      const [count, setCount] = useState(1)
      control.grow = setCount
      row = []
      seen.push(row)
      return Array.from({ length: count }, (_, key) => createElement(Cell, { key }))
    }
    const root = createRoot(document.createElement('div'))
    onTestFinished(async () => act(async () => root.unmount()))
    await act(async () => root.render(createElement(SyncProvider, { engine }, createElement(Row))))
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false })
    startTransition(() => control.grow?.(60))
    for (let count = 1; count < 10; count++) {
      await stories.update('a', { title: `${count}` })
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await expect.poll(() => seen.at(-1)?.length).toBe(60)
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true })
    expect(new Set(seen.at(-1)).size).toBe(1)
  })

  test('that came from a server is taken over as it is, and then shows what is stored here', async () => {
    const engine = await openEngine()
    await engine.collection('stories').create('a', { title: 'A' })
    const page = document.createElement('div')
    page.innerHTML = 'nothing yet'
    const errors: unknown[] = []
    const app = createElement(SyncProvider, { engine }, createElement(Title))
    await act(async () => {
      const root = hydrateRoot(page, app, { onRecoverableError: (error) => errors.push(error) })
      onTestFinished(async () => act(async () => root.unmount()))
    })
    expect([page.textContent, errors]).toEqual(['A', []])
  })
})
