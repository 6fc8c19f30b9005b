import { type DocumentState, EMPTY_STATE, LIMITS, apply, decodePush, isVoid, join, parseJson } from '@whisker/protocol'
import { afterAll, expect, test } from 'vitest'
import { hostileBodies } from './testing/hostile/bodies.ts'
import { hostileHeaders, hostilePulls, nowhere, strangers } from './testing/hostile/doors.ts'
import { READ_TO_THE_END, expectedOf } from './testing/hostile/expected-outcomes.ts'
import { type HostileCase, post } from './testing/hostile/hostile-case.ts'
import { type HostileWorld, hostileWorld } from './testing/hostile/hostile-world.ts'
import { lies } from './testing/hostile/lies.ts'
import { mutationsOf } from './testing/hostile/mutations.ts'
import { forkedPush, fullPush } from './testing/hostile/pushes.ts'
import { hostileWires, slowWires } from './testing/hostile/wires.ts'
import { pageOf, receiptOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const TABLE: readonly (readonly [name: string, cases: (world: HostileWorld) => readonly HostileCase[]])[] = [
  ['bodies that are no message', ({ mallory }) => hostileBodies(mallory)],
  ['pushes with something wrong at any one place', ({ mallory }) => wrongPushes(mallory)],
  ['pulls with something wrong', ({ mallory, anna }) => hostilePulls(mallory, anna)],
  ['messages that are not true', ({ mallory, anna }) => lies(mallory, anna)],
  ['strangers', ({ mallory }) => strangers(mallory)],
  ['requests that lead nowhere', () => nowhere],
  ['absurd headers', ({ mallory }) => hostileHeaders(mallory)],
  ['bytes that are no HTTP', () => hostileWires],
]

const wrongPushes = (mallory: HostileWorld['mallory']): readonly HostileCase[] =>
  mutationsOf(forkedPush(mallory)).map((mutation) => ({
    name: `${mutation.place} is ${mutation.wrong}`,
    sending: { bytes: post(mutation.text) },
    expected: expectedOf(mutation),
  }))

const seen = new Map<string, number>()

/** All the harm that the cases did; none is what the table says. */
async function harmIn(world: HostileWorld, cases: readonly HostileCase[], port: number): Promise<readonly string[]> {
  const harm = await world.harmOf(cases, port)
  for (const [outcome, count] of world.seen) seen.set(outcome, (seen.get(outcome) ?? 0) + count)
  return 'isAdmin' in {} ? [...harm, 'Every object has become an admin.'] : harm
}

test.for(TABLE)('%s are answered as they deserve, change no row, and keep nobody from syncing', async ([, casesOf]) => {
  const world = await hostileWorld()
  expect(await harmIn(world, casesOf(world), world.port)).toEqual([])
})

test('a connection that keeps the server waiting is told so and closed', async () => {
  const world = await hostileWorld()
  expect(await harmIn(world, slowWires, world.hastyPort)).toEqual([])
})

test('a wrong value that can be read is stored as it was said, or named as a problem', async () => {
  const { client, server } = testServer()
  const mallory = await client('mallory')
  const readable = mutationsOf(fullPush(mallory)).filter((mutation) => expectedOf(mutation) === READ_TO_THE_END)
  expect(readable.length).toBeGreaterThan(100)
  for (const [at, { place, wrong, text }] of readable.entries()) {
    const space = `scratch-${at}`
    const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: text }
    const url = `http://localhost/v1/spaces/${space}/operations`
    const { acknowledged, refusedOffers } = await receiptOf(await server.fetch(new Request(url, body)))
    const { offers, entries } = decodePush(space, parseJson(text), LIMITS)
    const said = new Map<string, DocumentState>()
    for (const { document, state } of offers) {
      if (refusedOffers.some((one) => one.document === document)) continue
      said.set(document, join(said.get(document) ?? EMPTY_STATE, state))
    }
    for (const operation of entries) {
      if (isVoid(operation) || operation.dot.counter > (acknowledged[0]?.counter ?? 0)) continue
      said.set(operation.document, apply(said.get(operation.document) ?? EMPTY_STATE, operation))
    }
    const ben = await client('ben', space)
    const { rows } = await pageOf(await ben.pullRaw({ cursor: { epoch: undefined, since: 0, after: 0 }, seen: 0 }))
    const stored = new Map(
      rows.map(({ document, state, operations }) => [document, operations.reduce(apply, state ?? EMPTY_STATE)]),
    )
    expect([place, wrong, stored]).toEqual([place, wrong, said])
  }
})

afterAll(() => {
  const counts = [...seen]
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${count} × ${outcome || 'no answer'}`)
  process.stdout.write(`hostile requests: ${counts.join(', ')}\n`)
})
