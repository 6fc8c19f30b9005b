import { type DocumentState, EMPTY_STATE, LIMITS, apply, decodePush, isVoid, join, parseJson } from '@whisker/protocol'
import { beforeAll, expect, test } from 'vitest'
import { corpusOf } from './testing/hostile/corpus.ts'
import { READ_TO_THE_END, expectedOf } from './testing/hostile/expected-outcomes.ts'
import { type Attack, attack } from './testing/hostile/hostile-world.ts'
import { mutationsOf } from './testing/hostile/mutations.ts'
import { fullPush } from './testing/hostile/pushes.ts'
import { type Report, pageOf as reportPageOf, reportOf } from './testing/hostile/report.ts'
import { pageOf, receiptOf } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const MEBIBYTE = 1024 * 1024

let attacked: Attack
let report: Report

beforeAll(async () => {
  attacked = await attack(corpusOf)
  report = reportOf(attacked.findings)
}, 120_000)

test('everything is refused by the check that it is for, in the words of any other refusal', () => {
  expect(attacked.findings.flatMap(({ complaints }) => complaints)).toEqual([])
})

test('every check refuses something', () => {
  const idle = [...report.byCheck].filter(([, { request, upgrade, frame }]) => request + upgrade + frame === 0)
  expect(idle).toEqual([])
})

test('of thousands that are refused, most are valid JSON in a valid envelope', () => {
  expect(report.refused).toBeGreaterThan(4000)
  expect(report.enveloped / report.refused).toBeGreaterThan(0.5)
})

test('nothing is stored', () => {
  expect(attacked.after).toEqual(attacked.before)
})

test('others go on syncing, over HTTP and over a socket', () => {
  expect(attacked.unserved).toEqual([])
  expect(attacked.served.map((count) => count > 0)).toEqual([true, true])
})

test('the process lives, nothing fails in it or is polluted, and it ends when it is told to', () => {
  expect(attacked.attacked).toMatchObject({ failures: [], isPolluted: false })
  expect(attacked.exitCode).toBe(0)
})

test('its memory stays bounded', () => {
  expect(attacked.attacked.mostBytes - attacked.calm.bytes).toBeLessThan(512 * MEBIBYTE)
})

test('how many each check refuses is told as it is', async () => {
  await expect(reportPageOf(report)).toMatchFileSnapshot('../../../docs/hostile.md')
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
