import { describe, expect, test } from 'vitest'
import { Device } from './testing/device.ts'
import { type Chance, chanceFrom } from './testing/random.ts'
import { stateText } from './testing/texts.ts'
import { content, dot, metadata, operation, version } from './testing/writing.ts'
import { type DocumentState, EMPTY_STATE, apply, baseOf, join, nameOf, sameState } from './document-state.ts'
import type { Operation } from './operation.ts'
import { STRATEGIES } from './strategy.ts'
import { compareVersions, covers } from './version-vector.ts'

const CREATE = operation({ at: dot('A', 1), time: 1, delta: [content([], { a: { x: 1, y: 2 }, b: 3 })] })
const CREATED = apply(EMPTY_STATE, CREATE)
const pathsOf = (state: DocumentState): string[] =>
  state.writes.map((write) => `${write.dot.replica[0]}${write.dot.counter}/${write.path.join('/')}`)

interface Pool {
  readonly operations: readonly Operation[]
  /** What devices held at some moment: prefixes of the history, each causally closed. */
  readonly states: readonly DocumentState[]
}

function pool(seed: number): Pool {
  const random = chanceFrom(seed)
  const devices = ['B', 'A', 'D', 'C']
    .slice(0, 2 + random.below(3))
    .map((name) => new Device(name, random.pick(STRATEGIES)))
  const states = [EMPTY_STATE]
  for (let step = 0; step < 24; step++) {
    const device = random.pick(devices)
    if (random.chance(0.6)) device.act(random, random.below(30))
    else if (random.chance(0.5)) device.joinAll(random.pick(devices))
    else device.receiveFirst(random.pick(devices), random.below(20))
    states.push(device.state('doc'))
  }
  const hub = devices[0] as Device
  for (const one of devices) hub.joinAll(one)
  return { states, operations: hub.log.filter((one) => one.document === 'doc') }
}

/** The operations in another order in which each still comes after all that its author had seen. */
function otherOrder(random: Chance, operations: readonly Operation[]): Operation[] {
  const left = [...operations]
  const order: Operation[] = []
  while (left.length > 0) {
    const ready = left.filter(
      (one) =>
        !left.some(
          (other) =>
            other !== one &&
            (covers(one.base, other.dot) ||
              (other.dot.replica === one.dot.replica && other.dot.counter < one.dot.counter)),
        ),
    )
    const next = random.pick(ready)
    order.push(next)
    left.splice(left.indexOf(next), 1)
  }
  return order
}

describe('apply', () => {
  test('is idempotent: an operation that the version covers gives the same reference', () => {
    expect(apply(CREATED, CREATE)).toBe(CREATED)
    for (let seed = 1; seed <= 200; seed++) {
      const { operations } = pool(seed)
      const state = operations.reduce(apply, EMPTY_STATE)
      for (const one of operations) expect(apply(state, one)).toBe(state)
    }
  })

  test('gives the same state in every causal order of the operations', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const { operations } = pool(seed)
      const expected = stateText(operations.reduce(apply, EMPTY_STATE))
      const random = chanceFrom(seed)
      for (let round = 0; round < 3; round++) {
        expect(stateText(otherOrder(random, operations).reduce(apply, EMPTY_STATE)), `seed ${seed}`).toBe(expected)
      }
    }
  })

  test('kills what the author had seen at the path and below it, and nothing else', () => {
    const seen = [
      operation({ at: dot('A', 2), time: 2, on: CREATED, delta: [content(['a', 'x'], 5)] }),
      operation({ at: dot('B', 1), time: 2, on: version({ A: 1 }), delta: [content(['a', 'y'], 6)] }),
      operation({ at: dot('B', 2), time: 3, on: version({ A: 1 }), delta: [content(['b'], 7)] }),
    ].reduce(apply, CREATED)
    const next = apply(seen, operation({ at: dot('A', 3), time: 4, on: version({ A: 2 }), delta: [content(['a'], 0)] }))
    expect(pathsOf(next)).toEqual(['A1/', 'B1/a/y', 'B2/b', 'A3/a'])
  })

  test('leaves the writes of the other root alone', () => {
    const noted = apply(CREATED, operation({ at: dot('A', 2), time: 2, on: CREATED, delta: [metadata(['a'], 1)] }))
    const replaced = apply(noted, operation({ at: dot('A', 3), time: 3, on: noted, delta: [content([], {})] }))
    expect(replaced.writes.map((write) => write.root)).toEqual(['metadata', 'content'])
  })

  test('hides on delete: the tombstone kills only older tombstones, a re-create kills all that its author had seen', () => {
    const deleted = apply(
      CREATED,
      operation({ at: dot('A', 2), time: 2, on: CREATED, delta: [content([], undefined)] }),
    )
    expect(pathsOf(deleted)).toEqual(['A1/', 'A2/'])
    const again = apply(deleted, operation({ at: dot('B', 1), time: 3, on: deleted, delta: [content([], undefined)] }))
    expect(pathsOf(again)).toEqual(['A1/', 'B1/'])
    const reborn = apply(again, operation({ at: dot('A', 3), time: 4, on: again, delta: [content([], { new: true })] }))
    expect(pathsOf(reborn)).toEqual(['A3/'])
    expect(reborn.version).toEqual(version({ A: 3, B: 1 }))
  })

  test('keeps what `keep` names, at that path only', () => {
    const two = apply(CREATED, operation({ at: dot('B', 1), time: 2, delta: [content(['a'], 1), content(['b'], 2)] }))
    const keep = two.writes
      .filter((write) => write.dot.replica === dot('B', 1).replica && write.path[0] === 'a')
      .map(nameOf)
    const next = apply(
      two,
      operation({ at: dot('A', 2), time: 3, on: two, delta: [content(['a'], 8), content(['b'], 9)], keep }),
    )
    expect(pathsOf(next)).toEqual(['A1/', 'B1/a', 'A2/a', 'A2/b'])
  })

  test('drops what `drop` names without writing anything, and stays dropped', () => {
    const rival = operation({ at: dot('B', 1), time: 2, delta: [content([], { b: 1 })] })
    const two = apply(CREATED, rival)
    const dropped = apply(
      two,
      operation({ at: dot('A', 2), time: 3, on: two, drop: [{ dot: dot('B', 1), root: 'content', path: [] }] }),
    )
    expect(pathsOf(dropped)).toEqual(['A1/'])
    expect(apply(dropped, rival)).toBe(dropped)
    expect(stateText(join(dropped, two))).toBe(stateText(dropped))
  })
})

describe('join', () => {
  test('is idempotent, commutative and associative over states of any moment', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const { states } = pool(seed)
      const random = chanceFrom(seed)
      for (let round = 0; round < 20; round++) {
        const [a, b, c] = [random.pick(states), random.pick(states), random.pick(states)]
        const where = `seed ${seed}`
        expect(stateText(join(a, a)), `in ${where}`).toBe(stateText(a))
        expect(stateText(join(a, b)), `in ${where}`).toBe(stateText(join(b, a)))
        expect(stateText(join(join(a, b), c)), `in ${where}`).toBe(stateText(join(a, join(b, c))))
      }
    }
  })

  test('with a state that is a prefix of ours changes nothing', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const { operations } = pool(seed)
      const full = operations.reduce(apply, EMPTY_STATE)
      for (let end = 0; end <= operations.length; end++) {
        const prefix = operations.slice(0, end).reduce(apply, EMPTY_STATE)
        expect(join(full, prefix), `seed ${seed}`).toBe(full)
        expect(stateText(join(prefix, full)), `seed ${seed}`).toBe(stateText(full))
      }
    }
  })

  test('and the operations that it lacks come to the same as all operations applied', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const { operations, states } = pool(seed)
      const full = stateText(operations.reduce(apply, EMPTY_STATE))
      for (const state of states) {
        expect(stateText(operations.reduce(apply, state)), `seed ${seed}`).toBe(full)
        expect(stateText(join(state, operations.reduce(apply, EMPTY_STATE))), `seed ${seed}`).toBe(full)
      }
    }
  })

  test('has integrated what either has, and holds no write that one side saw die', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { states } = pool(seed)
      const random = chanceFrom(seed)
      const [a, b] = [random.pick(states), random.pick(states)]
      const joined = join(a, b)
      expect(['equal', 'after']).toContain(compareVersions(joined.version, a.version))
      expect(['equal', 'after']).toContain(compareVersions(joined.version, b.version))
      for (const write of joined.writes) {
        for (const side of [a, b]) {
          const isThere = side.writes.some(
            (one) =>
              stateText({ version: [], writes: [{ ...one, base: [], keep: [] }] }) ===
              stateText({ version: [], writes: [{ ...write, base: [], keep: [] }] }),
          )
          expect(isThere || !covers(side.version, write.dot), `seed ${seed}`).toBe(true)
        }
      }
    }
  })
})

describe('bases', () => {
  test('name only replicas that have live writes, each with its highest live counter that was seen', () => {
    for (let seed = 1; seed <= 600; seed++) {
      const { operations, states } = pool(seed)
      for (const state of states) {
        const live = state.writes.map((write) => write.dot)
        for (const base of [baseOf(state), ...state.writes.map((write) => write.base)]) {
          for (const entry of base) expect(live, `seed ${seed}`).toContainEqual(entry)
        }
        for (const write of live) expect(covers(baseOf(state), write)).toBe(true)
      }
      expect(operations.length).toBeGreaterThan(0)
    }
  })

  test('stay small: a thousand edits by fifty replicas in turn leave a base of one entry', () => {
    let state = CREATED
    for (let time = 2; time < 1000; time++) {
      state = apply(
        state,
        operation({ at: dot(`R${time % 50}x`, time), time, on: state, delta: [content([], { time })] }),
      )
    }
    expect([state.writes.length, state.writes[0]?.base.length, baseOf(state).length]).toEqual([1, 0, 1])
  })

  test('a thousand concurrent writers are taken in, joined and superseded in well under a second', () => {
    const writers = Array.from({ length: 1000 }, (_, index) =>
      operation({ at: dot(`W${index}x`, 1), time: index + 1, delta: [content([], { index })] }),
    )
    const begin = performance.now()
    const half = writers.slice(0, 500).reduce(apply, EMPTY_STATE)
    const other = writers.slice(500).reduce(apply, EMPTY_STATE)
    const all = join(half, other)
    const keep = all.writes.slice(1).map(nameOf)
    const kept = apply(all, operation({ at: dot('Z', 1), time: 2000, on: all, delta: [content([], {})], keep }))
    expect(kept.writes).toHaveLength(1000)
    expect(
      apply(kept, operation({ at: dot('Z', 2), time: 2001, on: kept, delta: [content([], {})] })).writes,
    ).toHaveLength(1)
    expect(performance.now() - begin).toBeLessThan(1000)
  })
})

test('two states are the same when they have integrated the same, whatever order they hold it in', () => {
  const rival = operation({ at: dot('B', 1), time: 2, delta: [content([], { b: 1 })] })
  const [ab, ba] = [[CREATE, rival].reduce(apply, EMPTY_STATE), [rival, CREATE].reduce(apply, EMPTY_STATE)]
  expect(sameState(ab, ba)).toBe(true)
  expect(sameState(ab, CREATED)).toBe(false)
})
