import { describe, expect, test } from 'vitest'
import { Device } from './testing/device.ts'
import { writings } from './testing/messages.ts'
import { chanceFrom } from './testing/random.ts'
import { viewText } from './testing/texts.ts'
import { content, dot, metadata, operation, version } from './testing/writing.ts'
import { type DocumentState, EMPTY_STATE, apply, nameOf } from './document-state.ts'
import type { Operation } from './operation.ts'
import { STRATEGIES, type Merge, type Strategy, isStrategy, unitOf } from './strategy.ts'
import { type DocumentView, isTombstone, viewOf } from './view.ts'

const CREATE = operation({ at: dot('A', 1), time: 1, delta: [content([], { title: 'T', tags: [] })] })
const state = (...operations: readonly Operation[]): DocumentState => operations.reduce(apply, EMPTY_STATE)
const see = (of: DocumentState, strategy: Strategy, merge?: Merge): DocumentView =>
  viewOf(of, { strategy, document: 'doc', merge })

const ours = operation({ at: dot('A', 2), time: 5, on: version({ A: 1 }), delta: [content(['title'], 'ours')] })
const theirs = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [content(['title'], 'theirs')] })
const removed = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [content([], undefined)] })

test('there are four strategies, two of them by the field', () => {
  expect(STRATEGIES.map((one) => [one, unitOf(one)])).toEqual([
    ['auto_merge', 'field'],
    ['last_write_wins', 'document'],
    ['keep_both', 'document'],
    ['manual', 'field'],
  ])
  expect([isStrategy('manual'), isStrategy('toString'), isStrategy(1)]).toEqual([true, false, false])
})

test('nothing was written, nothing is there, under every strategy', () => {
  for (const strategy of STRATEGIES) {
    expect(see(EMPTY_STATE, strategy)).toEqual({
      value: undefined,
      metadata: {},
      conflicts: [],
      copies: [],
      standing: [],
    })
  }
})

describe('auto_merge', () => {
  test('merges edits of different fields without a conflict', () => {
    const tags = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [content(['tags'], ['fire'])] })
    expect(see(state(CREATE, ours, tags), 'auto_merge')).toMatchObject({
      value: { title: 'ours', tags: ['fire'] },
      conflicts: [],
    })
  })

  test('lists the field that two wrote at the same time, and shows the latest', () => {
    const view = see(state(CREATE, ours, theirs), 'auto_merge')
    expect(view.value).toEqual({ title: 'theirs', tags: [] })
    expect(view.conflicts).toEqual([
      {
        path: ['title'],
        values: [
          { dot: dot('A', 2), time: 5, value: 'ours', shown: false },
          { dot: dot('B', 1), time: 6, value: 'theirs', shown: true },
        ],
      },
    ])
  })

  test('orders equal times by replica id', () => {
    const tie = operation({ at: dot('B', 1), time: 5, on: version({ A: 1 }), delta: [content(['title'], 'theirs')] })
    expect(see(state(CREATE, tie, ours), 'auto_merge').value?.['title']).toBe('theirs')
  })

  test('does not call equal values a conflict', () => {
    const same = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [content(['title'], 'ours')] })
    expect(see(state(CREATE, ours, same), 'auto_merge').conflicts).toEqual([])
  })

  test('ends a conflict when someone who saw both writes the field', () => {
    const both = state(CREATE, ours, theirs)
    const settled = apply(
      both,
      operation({ at: dot('A', 3), time: 7, on: both, delta: [content(['title'], 'settled')] }),
    )
    expect(see(settled, 'auto_merge')).toMatchObject({ value: { title: 'settled' }, conflicts: [], standing: [] })
  })

  test('brings the whole document back when an edit met a delete, and lists it', () => {
    const view = see(state(CREATE, ours, removed), 'auto_merge')
    expect(view.value).toEqual({ title: 'ours', tags: [] })
    expect(view.conflicts).toEqual([
      {
        path: [],
        values: [
          { dot: dot('B', 1), time: 6, value: undefined, shown: false },
          { dot: dot('A', 2), time: 5, value: { title: 'ours', tags: [] }, shown: true },
        ],
      },
    ])
  })

  test('hides what a delete had seen, and a create that saw the delete starts anew', () => {
    const deleted = state(CREATE, removed)
    expect(see(deleted, 'auto_merge').value).toBeUndefined()
    const again = operation({ at: dot('A', 2), time: 7, on: deleted, delta: [content([], { new: 1 })] })
    expect(see(apply(deleted, again), 'auto_merge')).toMatchObject({ value: { new: 1 }, conflicts: [] })
  })

  test('a delete that saw the edit as well takes it all', () => {
    const returned = state(CREATE, ours, removed)
    const again = operation({ at: dot('B', 2), time: 8, on: returned, delta: [content([], undefined)] })
    expect(see(apply(returned, again), 'auto_merge').value).toBeUndefined()
  })

  test('an undo of a delete wins over it in the same millisecond, because it saw it', () => {
    const deleted = state(CREATE, removed)
    const undo = operation({ at: dot('B', 2), time: 7, on: deleted, delta: [content([], { title: 'T', tags: [] })] })
    for (const strategy of STRATEGIES)
      expect(see(apply(deleted, undo), strategy).value).toEqual({ title: 'T', tags: [] })
  })

  test('lets the collection choose between concurrent values, in timestamp order', () => {
    const calls: unknown[] = []
    const merge: Merge = (field, values) => {
      calls.push([field, values])
      return JSON.stringify(values)
    }
    expect(see(state(CREATE, theirs, ours), 'auto_merge', merge).value?.['title']).toBe('["ours","theirs"]')
    expect(calls).toEqual([[['title'], ['ours', 'theirs']]])
  })
})

describe('last_write_wins', () => {
  const root = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [content([], { title: 'theirs' })] })
  const mine = operation({
    at: dot('A', 2),
    time: 5,
    on: version({ A: 1 }),
    delta: [content([], { title: 'mine', more: 1 })],
  })

  test('shows the latest document whole and lists the other until it is superseded', () => {
    const both = state(CREATE, mine, root)
    const view = see(both, 'last_write_wins')
    expect(view.value).toEqual({ title: 'theirs' })
    expect(view.conflicts.map(({ path, values }) => [path, values.map((one) => one.value)])).toEqual([
      [[], [{ title: 'mine', more: 1 }, { title: 'theirs' }]],
    ])
    const next = operation({ at: dot('A', 3), time: 9, on: both, delta: [content([], { title: 'next' })] })
    expect(see(apply(both, next), 'last_write_wins')).toMatchObject({ value: { title: 'next' }, conflicts: [] })
  })

  test('lets a later delete win, and an earlier one lose', () => {
    const late = see(state(CREATE, mine, removed), 'last_write_wins')
    expect([late.value, late.conflicts.length]).toEqual([undefined, 1])
    const early = operation({ at: dot('B', 1), time: 2, on: version({ A: 1 }), delta: [content([], undefined)] })
    expect(see(state(CREATE, mine, early), 'last_write_wins').value).toEqual({ title: 'mine', more: 1 })
  })
})

describe('keep_both', () => {
  const rival = operation({ at: dot('B', 1), time: 2, delta: [content([], { title: 'theirs' })] })
  const both = state(CREATE, rival)

  test('shows the latest under its id and every other as a copy of its own', () => {
    const view = see(both, 'keep_both')
    expect(view.value).toEqual({ title: 'theirs' })
    expect(view.copies).toEqual([
      {
        id: 'doc~A000000000000000:1',
        dot: dot('A', 1),
        value: { title: 'T', tags: [] },
        writes: [{ dot: dot('A', 1), root: 'content', path: [] }],
      },
    ])
    expect(view.conflicts).toEqual([])
  })

  test('keeps the copies through edits of the original that name them', () => {
    const keep = see(both, 'keep_both').standing.flatMap((one) => one.writes)
    const edited = apply(
      both,
      operation({ at: dot('B', 2), time: 7, on: both, delta: [content([], { title: 'new' })], keep }),
    )
    expect(see(edited, 'keep_both')).toMatchObject({
      value: { title: 'new' },
      copies: [{ id: 'doc~A000000000000000:1' }],
    })
  })

  test('keeps the copies when the original is deleted', () => {
    const keep = see(both, 'keep_both').standing.flatMap((one) => one.writes)
    const deleted = apply(
      both,
      operation({ at: dot('B', 2), time: 7, on: both, delta: [content([], undefined)], keep }),
    )
    expect(see(deleted, 'keep_both')).toMatchObject({ value: undefined, copies: [{ id: 'doc~A000000000000000:1' }] })
  })

  test('dropping one copy changes neither the original nor the other copies, whatever the units', () => {
    let dropped = 0
    for (let seed = 1; seed <= 4000; seed++) {
      const random = chanceFrom(seed)
      const devices = ['B', 'A', 'C'].map((name) => new Device(name, random.pick(STRATEGIES)))
      for (let made = 0; made < 10; made++) {
        random.pick(devices).act(random, random.below(30))
        if (random.chance(0.2)) random.pick(devices).joinAll(random.pick(devices))
      }
      const device = devices[0] as Device
      for (const other of devices) device.joinAll(other)
      const before = device.view('doc', 'keep_both')
      const copy = before.copies[0]
      if (!copy) continue
      dropped++
      device.write('doc', 'update', [], [], copy.writes, 0)
      const after = device.view('doc', 'keep_both')
      const shown = (view: DocumentView) =>
        JSON.stringify([view.value, view.copies.filter((one) => one.id !== copy.id).map((one) => [one.id, one.value])])
      expect(shown(after), `seed ${seed}`).toBe(shown(before))
      expect(
        after.copies.map((one) => one.id),
        `seed ${seed}`,
      ).not.toContain(copy.id)
    }
    expect(dropped).toBeGreaterThan(1000)
  })
})

describe('manual', () => {
  test('shows the latest and names what an edit of the field leaves standing', () => {
    const both = state(CREATE, ours, theirs)
    const view = see(both, 'manual')
    expect(view.value?.['title']).toBe('theirs')
    expect(view.standing).toEqual([
      { path: ['title'], writes: [{ dot: dot('A', 2), root: 'content', path: ['title'] }] },
    ])
    const keep = view.standing.flatMap((one) => one.writes)
    const edited = apply(
      both,
      operation({ at: dot('B', 2), time: 8, on: both, delta: [content(['title'], 'edited')], keep }),
    )
    expect(see(edited, 'manual').conflicts[0]?.values.map((one) => [one.value, one.shown])).toEqual([
      ['ours', false],
      ['edited', true],
    ])
  })

  test('stays at two live writes however often an open conflict is edited', () => {
    let now = state(CREATE, ours, theirs)
    for (let counter = 2; counter < 200; counter++) {
      const keep = see(now, 'manual').standing.flatMap((one) => one.writes)
      now = apply(
        now,
        operation({ at: dot('B', counter), time: counter + 10, on: now, delta: [content(['title'], counter)], keep }),
      )
    }
    expect(now.writes).toHaveLength(3)
    expect(see(now, 'manual').conflicts[0]?.values).toHaveLength(2)
  })

  test('ends the conflict with a write that keeps nothing', () => {
    const both = state(CREATE, ours, theirs)
    const resolved = apply(both, operation({ at: dot('B', 2), time: 8, on: both, delta: [content(['title'], 'ours')] }))
    expect(see(resolved, 'manual')).toMatchObject({ value: { title: 'ours' }, conflicts: [], standing: [] })
  })
})

describe('metadata', () => {
  const pin = operation({ at: dot('B', 1), time: 6, on: version({ A: 1 }), delta: [metadata(['pinned'], true)] })
  const unpin = operation({ at: dot('A', 2), time: 5, on: version({ A: 1 }), delta: [metadata(['pinned'], false)] })

  test('takes the latest of each field under every strategy and is never in conflict with anything', () => {
    for (const strategy of STRATEGIES) {
      expect(see(state(CREATE, pin, unpin), strategy)).toMatchObject({
        value: { title: 'T' },
        metadata: { pinned: true },
        conflicts: [],
      })
    }
  })

  test('does not bring a deleted document back', () => {
    const gone = operation({ at: dot('A', 2), time: 5, on: version({ A: 1 }), delta: [content([], undefined)] })
    for (const strategy of STRATEGIES)
      expect(see(state(CREATE, gone, pin), strategy)).toMatchObject({ value: undefined, metadata: {} })
  })
})

describe('the same write under two names', () => {
  const again = { ...ours, dot: dot('C', 1) }

  test('is one value, named by the smaller dot, under every strategy', () => {
    for (const strategy of STRATEGIES) {
      const once = see(state(CREATE, ours, theirs), strategy)
      const twice = see(state(CREATE, ours, theirs, again), strategy)
      expect([twice.value, twice.conflicts, twice.copies.map((copy) => copy.id)]).toEqual([
        once.value,
        once.conflicts,
        once.copies.map((copy) => copy.id),
      ])
    }
  })

  test('is one document', () => {
    const mine = operation({
      at: dot('A', 2),
      time: 5,
      on: version({ A: 1 }),
      delta: [content([], { title: 'mine', deep: { a: 1 } })],
    })
    const rival = operation({
      at: dot('B', 1),
      time: 5,
      on: version({ A: 1 }),
      delta: [content([], { title: 'other', deep: 2 })],
    })
    for (const strategy of STRATEGIES) {
      const once = see(state(CREATE, mine, rival), strategy)
      const twice = see(state(CREATE, mine, rival, { ...mine, dot: dot('C', 1) }), strategy)
      expect([strategy, twice.value, twice.conflicts]).toEqual([strategy, once.value, once.conflicts])
      expect(twice.copies.map((copy) => copy.id)).toEqual(once.copies.map((copy) => copy.id))
    }
  })
})

test('a root that is no object, from a peer that errs, is shown as an empty document', () => {
  const odd = operation({ at: dot('A', 1), time: 1, delta: [content([], [1])] })
  for (const strategy of STRATEGIES) expect(see(state(odd), strategy).value).toEqual({})
})

test('a tombstone is what auto_merge shows nothing of, and then nobody is shown anything', () => {
  let tombstones = 0
  for (let seed = 1; seed <= 200; seed++) {
    for (const one of writings(chanceFrom(seed)).states) {
      const views = STRATEGIES.map((strategy) => see(one, strategy))
      const isShown = views.map(({ value, copies }) => value !== undefined || copies.length > 0)
      expect(isTombstone(one), `seed ${seed}`).toBe(!isShown[STRATEGIES.indexOf('auto_merge')])
      if (!isTombstone(one)) continue
      expect(isShown, `seed ${seed}`).toEqual(STRATEGIES.map(() => false))
      tombstones++
    }
  }
  expect(tombstones).toBeGreaterThan(100)
})

test('views are pure: the same state gives the same text again and is not changed', () => {
  const frozen = Object.freeze(
    state(
      CREATE,
      ours,
      theirs,
      operation({ at: dot('D', 1), time: 9, delta: [content([], undefined)], keep: state(CREATE).writes.map(nameOf) }),
    ),
  )
  const before = JSON.stringify(frozen)
  for (const strategy of STRATEGIES) expect(viewText(see(frozen, strategy))).toBe(viewText(see(frozen, strategy)))
  expect(JSON.stringify(frozen)).toBe(before)
})
