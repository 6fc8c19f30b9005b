import { expect, test } from 'vitest'
import { chanceFrom } from './testing/random.ts'
import { TwinDevice, areLive, haveParted, shownText, twinsIn } from './testing/twin-worlds.ts'
import { content, dot, operation, replica } from './testing/writing.ts'
import { type DocumentState, EMPTY_STATE, apply } from './document-state.ts'
import { type Operation, isDelete } from './operation.ts'
import { STRATEGIES, type Strategy } from './strategy.ts'
import { type DocumentView, isTombstone, viewOf } from './view.ts'

const CREATE = operation({ at: dot('A', 1), time: 1, delta: [content([], { title: 'old', body: 'text' })] })
const AGAIN = { ...CREATE, dot: dot('C', 1) }
const state = (...operations: readonly Operation[]): DocumentState => operations.reduce(apply, EMPTY_STATE)
const see = (of: DocumentState, strategy: Strategy): DocumentView => viewOf(of, { strategy, document: 'doc' })

test('a field written over one of two twins is written over both', () => {
  const edit = operation({ at: dot('C', 2), time: 2, on: state(AGAIN), delta: [content(['title'], 'new')] })
  for (const strategy of STRATEGIES) {
    const { value, conflicts, copies } = see(state(CREATE, AGAIN, edit), strategy)
    expect([value, conflicts, copies]).toEqual([{ title: 'new', body: 'text' }, [], []])
  }
})

test('a delete of one of two twins is a delete of both', () => {
  const gone = operation({ at: dot('C', 2), time: 2, on: state(AGAIN), delta: [content([], undefined)] })
  const deleted = state(CREATE, AGAIN, gone)
  expect(isTombstone(deleted)).toBe(true)
  for (const strategy of STRATEGIES) expect(see(deleted, strategy)).toEqual(see(state(AGAIN, gone), strategy))
})

test('what was superseded under one name only stands on under the other, beside what superseded it', () => {
  const old = operation({ at: dot('A', 2), time: 2, on: state(CREATE), delta: [content(['title'], 'lost')] })
  const over = operation({ at: dot('B', 1), time: 3, on: state(CREATE, old), delta: [content(['title'], 'new')] })
  const again = { ...old, dot: dot('C', 1) }
  const view = see(state(CREATE, old, over, again), 'auto_merge')
  expect(view.value).toEqual({ title: 'new', body: 'text' })
  expect(view.conflicts).toMatchObject([{ path: ['title'], values: [{ dot: dot('C', 1) }, { dot: dot('B', 1) }] }])
})

/*
 * One history again: WHISKER_SEED=1234 npx vitest run packages/protocol/src/twins.test.ts
 */
const ONE = Number(process.env['WHISKER_SEED'] ?? 0)
const COUNT = Number(process.env['WHISKER_HISTORIES'] ?? 1200)

interface Compared {
  /** States that held live twins. */
  twins: number
  /** Of them, those with a delete among the twins. */
  deletes: number
}

/** Plays a history until one of two twins was superseded alone; fails where the two worlds show something else. */
function play(seed: number, compared: Compared): void {
  const random = chanceFrom(seed)
  const strategies = seed % 5 === 0 ? STRATEGIES : [STRATEGIES[seed % STRATEGIES.length] as Strategy]
  const devices = [0, 1, 2].map((index) => new TwinDevice(index, random.pick(strategies)))
  const rename = (text: string): string => devices.reduce((renamed, device) => device.rename(renamed), text)
  for (let step = 0; step < 40; step++) {
    const device = random.pick(devices)
    const other = random.pick(devices.filter((one) => one !== device))
    const dice = random.fraction()
    if (dice < 0.45) device.act(random, random.below(60))
    else if (dice < 0.55) device.settle()
    else if (dice < 0.65) {
      const id = replica(`${random.pick(['A', 'Z'])}${seed}x${step}x`)
      device.loseReply(other, random.below(device.pending.length + 1), id)
    } else if (random.chance(0.5)) device.receiveFirst(other, random.below(other.log.length + 1))
    else device.joinAll(other)
    const twins = twinsIn(devices)
    for (const { doubled, single } of [device, other]) {
      if (twins.some((one) => haveParted(doubled, one))) return
      const live = twins.filter((one) => areLive(doubled, one))
      if (live.length > 0) compared.twins++
      if (live.some(([first]) => first?.delta.some(isDelete))) compared.deletes++
      expect(shownText(doubled, rename), `WHISKER_SEED=${seed}, step ${step}`).toBe(shownText(single, rename))
      expect(isTombstone(doubled), `WHISKER_SEED=${seed}, step ${step}`).toBe(isTombstone(single))
    }
  }
}

test(
  'what was issued again changes nothing that anybody sees, whoever saw which of the two, as long as both are live',
  { timeout: 60_000 },
  () => {
    const compared: Compared = { twins: 0, deletes: 0 }
    for (let seed = ONE || 1; seed <= (ONE || COUNT); seed++) play(seed, compared)
    if (ONE) return
    expect(compared.twins).toBeGreaterThan(3000)
    expect(compared.deletes).toBeGreaterThan(150)
  },
)
