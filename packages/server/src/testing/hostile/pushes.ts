import { type JsonValue, type WireMessage, encodePull, encodePush, timestampAt } from '@whisker/protocol'
import { START_MS } from '../manual-clock.ts'
import type { TestClient } from '../test-client.ts'

export const TIME: number = timestampAt(START_MS)
/** A replica that nobody has, for offers. */
export const STRANGER = 'stranger________'

export type Push = WireMessage & {
  readonly at: JsonValue[]
  readonly replicas: JsonValue[][]
  readonly entries: JsonValue[][]
}

/** A push of mallory's known replica that says nothing yet: it goes on where the server's history of it ends. */
export function emptyPush(mallory: TestClient): Push {
  const encoded = encodePush(mallory.pushRequest({ entries: [] }))
  return { ...encoded, entries: [] } as unknown as Push
}

/**
 * Every shape that a push can have, in one: each type of operation, `keep` and `drop`, metadata, voids, both forms of an
 * offer, a strategy. All of it is right.
 */
export function fullPush(mallory: TestClient): Push {
  const { counter } = mallory
  const push = emptyPush(mallory)
  return {
    ...push,
    ids: [...(push['ids'] as string[]), STRANGER],
    offers: [
      ['chapters', 'offered', [STRANGER, 3, TIME, { title: 'whole' }]],
      [
        'chapters',
        'offered-too',
        [
          [STRANGER, 'another_________'],
          [0, 4, 1, 2],
          [
            0,
            4,
            TIME,
            [1, 1],
            [
              [['title'], 'one'],
              [[0, 'pinned'], true],
            ],
            [[1, 2, ['body']]],
          ],
          [1, 2, TIME, [], [[['body']]]],
        ],
      ],
    ],
    entries: [
      ['chapters', 'new', 0, 0, counter + 1, TIME, [], [[[], { title: 'new', tags: ['a', 1], note: null }]]],
      ['chapters', 'new', 1, 0, counter + 2, TIME + 1, [0, counter + 1], [[['title'], 'newer'], [['note']]]],
      ['chapters', 'new', 3, 0, counter + 3, TIME + 2, [0, counter + 2], [[[0, 'pinned'], true]]],
      [
        'chapters',
        'new',
        1,
        0,
        counter + 4,
        TIME + 3,
        [0, counter + 3],
        [[['body'], 'text']],
        [[0, counter + 2, ['title']]],
        [[0, counter + 2, ['note']]],
      ],
      [0, counter + 5, counter + 6],
      ['chapters', 'new', 2, 0, counter + 7, TIME + 4, [0, counter + 4], [[[]]]],
    ],
    strategies: { chapters: 'keep_both' },
  }
}

/** The same under a wrong check value: it is read to the end, and then nothing of it is taken. */
export function forkedPush(mallory: TestClient): Push {
  const push = fullPush(mallory)
  return {
    ...push,
    replicas: push.replicas.map(([epoch = null, counter = 0, check]) => [epoch, counter, Number(check) + 1]),
  }
}

export const pullParameters = (client: TestClient): Readonly<Record<string, string>> => ({
  ...encodePull(client.pullRequest({ limit: 10 })),
  wait: '0',
})
