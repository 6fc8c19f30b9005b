import { type JsonValue, timestampAt } from '@whisker/protocol'
import type { TestClient } from '../test-client.ts'
import { type HostileRequest, allAnswered, post } from './hostile-case.ts'
import { STRANGER, TIME, emptyPush, fullPush } from './pushes.ts'

const create = (number: number, time: number = TIME, base: readonly number[] = []): JsonValue[] => [
  'chapters',
  `lie-${number}`,
  0,
  0,
  number,
  time,
  base,
  [[[], { title: 'untrue' }]],
]

const claim = (...claimed: readonly JsonValue[]): { readonly replicas: JsonValue } => ({
  replicas: [claimed],
})

const offer = (...offers: readonly JsonValue[]): { readonly offers: readonly JsonValue[] } => ({ offers })

/** Messages that are well formed and untrue, from somebody who may write to the space. */
export function lies(mallory: TestClient, anna: TestClient): readonly HostileRequest[] {
  const push = emptyPush(mallory)
  const full = fullPush(mallory)
  const { counter, check } = mallory.pushRequest().replicas[0]?.previous ?? { counter: 0, check: 0 }
  const epoch = push.replicas[0]?.[0] ?? null
  const next = counter + 1
  const update = (document: string, base: readonly number[]): JsonValue[] => [
    'chapters',
    document,
    1,
    0,
    next,
    TIME,
    base,
    [[['title'], 'untrue']],
  ]
  const send = (changes: Readonly<Record<string, unknown>>): Uint8Array => post(JSON.stringify({ ...push, ...changes }))
  const [, since = 0, after = 0, seen = 0] = push.at
  const most = Number.MAX_SAFE_INTEGER

  return [
    ...allAnswered('200 replica_forked', {
      'a counter far ahead': send({ ...claim(epoch, 10, check), entries: [create(11)] }),
      'a counter at the end of all numbers': send({ ...claim(epoch, most - 1, check), entries: [create(most)] }),
      'a claim that is behind, with another past': send({ ...claim(epoch, 0, 0), entries: [create(1)] }),
      'voids in place of what is known': send({ ...claim(epoch, 0, 0), entries: [[0, 1, 1]] }),
      'a check value that never was': send({ ...claim(epoch, counter, 1), entries: [create(next)] }),
      'a claim alone, with another past': send(claim(epoch, counter, 1)),
      'all of it under another past': send({ ...full, ...claim(epoch, counter, most) }),
    }),
    ...allAnswered('200 ok', {
      'a replay of what is known': send({
        ...claim(epoch, 0, 0),
        entries: [['chapters', 'of-mallory', 0, 0, 1, mallory.time, [], [[[], { title: 'good', pages: [1, 2] }]]]],
      }),
      'a push that says nothing': send({}),
      'an offer from the year 2099': send(offer(['chapters', 'o', [STRANGER, 1, timestampAt(4_073_000_000_000), {}]])),
      'an offer at the end of all time': send(offer(['chapters', 'o', [STRANGER, 1, most, {}]])),
      'an offer without anything': send(offer(['chapters', 'o', [[], []]])),
    }),
    ...allAnswered('200 clock_ahead', {
      'a time in 2099': send({ entries: [create(next, timestampAt(4_073_000_000_000))] }),
      'a time at the end of all numbers': send({ entries: [create(next, most)] }),
      'a time six minutes ahead': send({ entries: [create(next, TIME + 6 * 60_000 * 4096)] }),
    }),
    ...allAnswered('200 missing', {
      'a base on what nobody wrote': send({ entries: [update('of-anna', [0, most])] }),
      'a base on oneself': send({ entries: [create(next, TIME, [0, next])] }),
      'a base on a stranger': send({
        ids: [...(push['ids'] as string[]), STRANGER],
        entries: [update('of-anna', [1, 1])],
      }),
      "a base on anna's future": send({
        ids: [...(push['ids'] as string[]), anna.replica],
        entries: [update('of-anna', [1, 1000])],
      }),
    }),
    ...allAnswered('200 operation_rejected', {
      'an edit of a document that is not there': send({ entries: [update('nowhere', [])] }),
      'an edit of a document named like a prototype': send({ entries: [update('__proto__', [])] }),
      'a document of more than a mebibyte': send({
        entries: [['chapters', 'big', 0, 0, next, TIME, [], [[[], { text: 'x'.repeat(1024 * 1024) }]]]],
      }),
    }),
    ...allAnswered('400 bad_request', {
      'a gap between two entries': send({ entries: [create(next), create(next + 2)] }),
      'a gap after the claim': send({ entries: [create(next + 1)] }),
      'the same counter twice': send({ entries: [create(next), create(next)] }),
      'counters that go back': send({ entries: [create(next + 1), create(next)] }),
      'voids that overlap': send({
        entries: [
          [0, next, next + 1],
          [0, next + 1, next + 2],
        ],
      }),
      'a push for nobody': send({ ids: [], replicas: [] }),
      'an entry of a replica without a claim': send({
        ids: [...(push['ids'] as string[]), STRANGER],
        entries: [['chapters', 'x', 0, 1, 1, TIME, [], [[[], {}]]]],
      }),
    }),
    ...allAnswered('403 wrong_principal', {
      "a push as anna's replica": send({ ids: [anna.replica], entries: [create(next)] }),
      "voids as anna's replica": send({ ids: [anna.replica], entries: [[0, next, next]] }),
      "anna's replica beside one's own": send({
        ids: [mallory.replica, anna.replica],
        replicas: [...push.replicas, [epoch, 1, 0]],
        entries: [create(next)],
      }),
    }),
    ...allAnswered('409 resync', {
      'an epoch that never was': send({ at: ['e'.repeat(16), ...push.at.slice(1)] }),
      'more seen than there is': send({ at: [push.at[0], since, after, most] }),
      'a cursor beyond the head': send({ at: [push.at[0], most, after, seen] }),
      'a scan beyond the head': send({ at: [push.at[0], since, most, seen] }),
      'something seen before first contact': send({ at: [null, 0, 0, 1] }),
    }),
    ...allAnswered('409 new_epoch', {
      'a replica of another epoch': send({ ...claim('e'.repeat(16), counter, check), entries: [create(next)] }),
      'a replica of no epoch': send({ ...claim(null, counter, check), entries: [create(next)] }),
    }),
    ...allAnswered('400 unsupported_version', {
      'a later version': send({ v: 2 }),
      'the last version there can be': send({ v: most }),
    }),
    ...allAnswered('413 too_large', {
      '501 entries': send({ entries: Array.from({ length: 501 }, (_, at) => create(next + at)) }),
      '501 offers': send(offer(...Array.from({ length: 501 }, (): JsonValue => ['c', 'd', [STRANGER, 1, 1, {}]]))),
      'a hundred thousand voids and one': send({ entries: [[0, next, next + 100_000]] }),
      'all the voids there can be': send({ entries: [[0, next, most]] }),
    }),
    ...allAnswered('400 bad_message', {
      '65 replicas': send({
        ids: Array.from({ length: 65 }, (_, at) => `r${at}`.padEnd(16, '_')),
        replicas: Array.from({ length: 65 }, () => [epoch, 0, 0]),
      }),
      'a write over another of the same operation': send({
        entries: [
          [
            'chapters',
            'x',
            1,
            0,
            next,
            TIME,
            [],
            [
              [['a'], {}],
              [['a', 'b'], 1],
            ],
          ],
        ],
      }),
      'a create of half a document': send({ entries: [['chapters', 'x', 0, 0, next, TIME, [], [[['a'], {}]]]] }),
      'an offer whose writes its version does not know': send(
        offer(['c', 'd', [[STRANGER], [0, 1], [0, 2, 1, [], [[[], {}]]]]]),
      ),
      'an offer with a write twice': send(
        offer(['c', 'd', [[STRANGER], [0, 1], [0, 1, 1, [], [[['a'], 1]]], [0, 1, 1, [], [[['a'], 1]]]]]),
      ),
      'a version that names a replica twice': send(offer(['c', 'd', [[STRANGER], [0, 1, 0, 2]]])),
    }),
  ]
}
