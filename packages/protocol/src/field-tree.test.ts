import { describe, expect, test } from 'vitest'
import { Device } from './testing/device.ts'
import { naiveConflicts } from './testing/naive-conflicts.ts'
import { chanceFrom, randomEdit, randomJson, randomObject } from './testing/random.ts'
import { referenceFold } from './testing/reference-fold.ts'
import { dot, operation } from './testing/writing.ts'
import { deltaBetween } from './delta.ts'
import { type DocumentState, EMPTY_STATE, apply, compareWrites } from './document-state.ts'
import { foldFields } from './field-tree.ts'
import { type JsonObject, type JsonValue, canonicalJson } from './json.ts'
import { isDelete } from './operation.ts'
import { viewOf } from './view.ts'

const contentOf = (state: DocumentState) =>
  state.writes.filter((write) => write.root === 'content' && !isDelete(write)).sort(compareWrites)

const show = (state: DocumentState) => viewOf(state, { strategy: 'auto_merge', document: 'doc' })

describe('on one device', () => {
  test('any sequence of edits shows exactly the plain JSON result, of the content and of the metadata', () => {
    let operations = 0
    for (let seed = 1; seed <= 5000; seed++) {
      const random = chanceFrom(seed)
      let state = EMPTY_STATE
      let plain: JsonObject | undefined
      let notes: JsonObject = {}
      const write = (delta: ReturnType<typeof deltaBetween>): void => {
        if (delta.length === 0) return
        operations++
        state = apply(state, operation({ at: dot('A', operations), time: operations, on: state, delta }))
      }
      for (let step = 0; step < 15; step++) {
        const dice = random.fraction()
        if (plain === undefined || dice < 0.05) {
          const before = plain
          plain = randomObject(random)
          write([{ root: 'content', path: [], value: plain }])
          if (before === undefined) {
            write([{ root: 'metadata', path: [], value: undefined }])
            notes = {}
          }
        } else if (dice < 0.1) {
          write([{ root: 'content', path: [], value: undefined }])
          plain = undefined
        } else if (dice < 0.25) {
          const next = randomEdit(random, notes)
          write(deltaBetween(notes, next, 'metadata'))
          notes = next
        } else if (dice < 0.35) {
          const [key] = Object.keys(plain)
          if (key === undefined) continue
          const value = randomJson(random)
          write([{ root: 'content', path: [key], value }])
          plain = { ...plain, [key]: value }
        } else {
          const next = randomEdit(random, plain)
          write(deltaBetween(plain, next))
          plain = next
        }
        const view = show(state)
        const where = `seed ${seed}, step ${step}`
        expect(view.value === undefined, `in ${where}`).toBe(plain === undefined)
        if (view.value && plain) expect(canonicalJson(view.value), `in ${where}`).toBe(canonicalJson(plain))
        expect(canonicalJson(view.metadata), `in ${where}`).toBe(canonicalJson(plain ? notes : {}))
        expect(view.conflicts, `in ${where}`).toEqual([])
        if (plain)
          expect(canonicalJson(referenceFold(contentOf(state)) as JsonValue), `in ${where}`).toBe(canonicalJson(plain))
      }
    }
    expect(operations).toBeGreaterThan(50_000)
  })
})

/** States of a document that several devices write at the same time. */
function* concurrentStates(
  seeds: number,
  writes: number,
): Generator<[where: string, state: DocumentState, devices: readonly Device[]]> {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = chanceFrom(seed)
    const strategy = random.pick(['auto_merge', 'auto_merge', 'manual', 'keep_both', 'last_write_wins'] as const)
    const devices = ['B', 'A', 'C'].slice(0, 2 + random.below(2)).map((name) => new Device(name, strategy))
    devices[0]?.write(
      'doc',
      'create',
      [{ root: 'content', path: [], value: { a: { x: 1, y: { b: 2 } }, b: 0 } }],
      [],
      [],
      0,
    )
    for (const one of devices) one.joinAll(devices[0] as Device)
    for (let made = 0; made < writes; made++) {
      random.pick(devices).act(random, random.below(30))
      if (random.chance(0.25)) random.pick(devices).joinAll(random.pick(devices))
    }
    for (const one of devices) for (const other of devices) one.joinAll(other)
    yield [`seed ${seed} (${strategy})`, (devices[0] as Device).state('doc'), devices]
  }
}

describe('of concurrent writes', () => {
  test('the conflicts are those that the definition gives, place by place', () => {
    let places = 0
    for (const [where, state] of concurrentStates(3000, 8)) {
      const writes = contentOf(state)
      const found = foldFields(writes)
        .conflicts.map((conflict) => JSON.stringify(conflict.path))
        .sort()
      expect(found, `${where} ${JSON.stringify(writes)}`).toEqual(naiveConflicts(writes))
      places += found.length
    }
    expect(places).toBeGreaterThan(2500)
  })

  test('where nothing was ever in conflict, the value is that of the reference fold', () => {
    let compared = 0
    for (const [where, state] of concurrentStates(4000, 5)) {
      const writes = contentOf(state)
      const fold = foldFields(writes)
      // The reference knows no `keep`, and forgets for good what a scalar once stood over.
      const isKnown = writes.every((write) => write.keep.length === 0) && naiveConflicts(writes, true).length === 0
      if (!isKnown || fold.value === undefined) continue
      expect(canonicalJson(fold.value), `in ${where}`).toBe(canonicalJson(referenceFold(writes) as JsonValue))
      compared++
    }
    expect(compared).toBeGreaterThan(300)
  })

  test('an edit made through the view shows exactly what was typed, whatever is in conflict beside it', () => {
    for (const [where, before, [device]] of concurrentStates(3000, 8)) {
      const random = chanceFrom(before.writes.length)
      const shown = show(before).value
      if (!shown || !device) continue
      const typed = randomEdit(random, shown)
      device.strategy = 'auto_merge'
      device.write('doc', 'update', deltaBetween(shown, typed), [], [], 0)
      expect(
        canonicalJson(device.view('doc').value as JsonValue),
        `${where} ${JSON.stringify(before)} ${JSON.stringify([shown, typed])}`,
      ).toBe(canonicalJson(typed))
    }
  })

  test('every conflict shows one of its values, and lists at least two that differ, in timestamp order', () => {
    for (const [where, state] of concurrentStates(3000, 8)) {
      for (const { path, values } of foldFields(contentOf(state)).conflicts) {
        expect(values.filter((one) => one.shown).length, `in ${where}`).toBe(1)
        expect(
          new Set(values.map((one) => (one.value === undefined ? '-' : canonicalJson(one.value)))).size,
          `in ${where}`,
        ).toBeGreaterThan(1)
        expect(
          values.map((one) => one.time),
          `${where} ${path.join('.')}`,
        ).toEqual(values.map((one) => one.time).sort((a, b) => a - b))
      }
    }
  })
})
