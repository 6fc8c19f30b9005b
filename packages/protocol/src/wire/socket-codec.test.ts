import { describe, expect, test } from 'vitest'
import { isSyncError } from '../errors.ts'
import { parseJson, utf8Length } from '../json.ts'
import type { Refusal } from '../messages.ts'
import { encodeHint } from './frame-codec.ts'
import {
  type MemberChange,
  type ToClient,
  type ToServer,
  decodeToClient,
  decodeToServer,
  encodeSocketAnswer,
  encodeMember,
  encodePresent,
  encodeSocketFrame,
  encodeToClient,
  encodeToServer,
  socketFrameEnds,
} from './socket-codec.ts'

const REFUSAL: Refusal = {
  code: 'unavailable',
  message: 'Come back later.',
  fix: undefined,
  reason: undefined,
  epochs: [],
  timeMs: undefined,
  retryAfterMs: 500,
  replicas: [],
  head: undefined,
}
const DEVICE = 'device0000000000000000' as never

const TO_SERVER: readonly ToServer[] = [
  { kind: 'hello', token: 'secret' },
  { kind: 'hello', token: undefined },
  { kind: 'version', number: 1, space: 'stories' },
  { kind: 'pull', number: 2, space: 'stories', parameters: { v: '1' } },
  { kind: 'push', number: 3, space: 'stories', message: { v: 1 } },
  { kind: 'cancel', number: 2 },
  { kind: 'subscribe', number: 4, space: 'stories', parameters: { v: '1' } },
  { kind: 'unsubscribe', number: 4 },
  { kind: 'presence', number: 4, value: { page: 3 } },
  { kind: 'presence', number: 4, value: undefined },
  { kind: 'ping' },
  { kind: 'pong' },
]

const TO_CLIENT: readonly Exclude<ToClient, { readonly kind: 'answer' | 'frame' | 'present' }>[] = [
  { kind: 'welcome' },
  { kind: 'begun', number: 4 },
  { kind: 'end', number: 4, refusal: REFUSAL },
  { kind: 'close', refusal: REFUSAL },
  { kind: 'renew' },
  { kind: 'ping' },
  { kind: 'pong' },
]

describe('a message on a socket', () => {
  test.each(TO_SERVER.map((message) => [message.kind, message] as const))(
    'to the server, %s, comes out as it went in',
    (_, message) => {
      expect(decodeToServer(parseJson(encodeToServer(message)))).toEqual(message)
    },
  )

  test.each(TO_CLIENT.map((message) => [message.kind, message] as const))(
    'to the client, %s, comes out as it went in',
    (_, message) => {
      expect(decodeToClient(parseJson(encodeToClient(message)))).toEqual(message)
    },
  )

  test('names members that are texts already', () => {
    const members: readonly MemberChange[] = [
      { id: 'm1', principal: 'anna', device: DEVICE, name: 'Phone', value: { page: 3 } },
      { id: 'm2', principal: 'ben', device: DEVICE, name: 'Tablet', value: undefined },
    ]
    for (const some of [members, []]) {
      const text = encodePresent(4, some.map(encodeMember))
      expect(decodeToClient(parseJson(text))).toEqual({ kind: 'present', number: 4, members: some })
    }
  })

  test('goes around an answer or a frame that is a text already', () => {
    expect(decodeToClient(parseJson(encodeSocketAnswer(7, 200, '{"v":1}')))).toEqual({
      kind: 'answer',
      number: 7,
      status: 200,
      message: { v: 1 },
    })
    expect(decodeToClient(parseJson(encodeSocketFrame(4, encodeHint())))).toEqual({
      kind: 'frame',
      number: 4,
      frame: undefined,
    })
    const [before, after] = socketFrameEnds(4)
    expect(before + encodeHint() + after).toBe(encodeSocketFrame(4, encodeHint()))
    expect(utf8Length(before + after)).toBe((before + after).length)
  })
})

const refusalOf = (read: (value: unknown) => unknown, message: unknown): string => {
  try {
    return JSON.stringify(read(message))
  } catch (error) {
    return isSyncError(error) && error.code === 'bad_message' ? error.message : String(error)
  }
}

describe('a message on a socket is refused', () => {
  test.each<[string, unknown, where: string]>([
    ['if it is no list', { kind: 'ping' }, 'message'],
    ['if it is of no known kind', ['shout'], 'message'],
    ['if it is empty', [], 'message'],
    ['if it has too much', ['ping', 1], 'ping'],
    ['if it has too little', ['pull', 1, 'stories'], 'pull'],
    ['if it has far too much', ['ping', 1, 2, 3, 4], 'message'],
    ['if its number is none', ['cancel', 0], 'number'],
    ['if its space has no name', ['version', 1, '../etc'], 'space'],
    ['if its token is no text', ['hello', 5], 'token'],
    ['if its token is endless', ['hello', 'x'.repeat(20_000)], 'token'],
    ['if its parameters are no texts', ['pull', 1, 'stories', { v: 1 }], 'parameter v'],
    ['if its parameters are a list', ['subscribe', 1, 'stories', []], 'parameters'],
  ])('by a server, %s', (_, message, where) =>
    expect(refusalOf(decodeToServer, message)).toMatch(new RegExp(`^${where}: expected`)),
  )

  test.each<[string, unknown, where: string]>([
    ['if it is of no known kind', ['hello', null], 'message'],
    ['if its status is none', ['answer', 1, 42, {}], 'status'],
    ['if its frame is none', ['frame', 1, { v: 1 }], 'page'],
    ['if its refusal is none', ['end', 1, {}], 'refusal error'],
    ['if a member is nobody', ['present', 1, [['m', 'short', 'Phone', 1]]], 'member device'],
  ])('by a client, %s', (_, message, where) =>
    expect(refusalOf(decodeToClient, message)).toMatch(new RegExp(`^${where}.*: expected`)),
  )

  const NO_DOCUMENTS: readonly (readonly [what: string, text: string])[] = [
    ['a prototype', '{"a":{"__proto__":{"isAdmin":true}}}'],
    ['a constructor', '[{"constructor":1}]'],
    ['half a character', String.raw`"\ud800"`],
    ['half a character in a key', String.raw`{"\ud800":1}`],
    ['a number without end', '1e400'],
    ['65 lists in each other', '['.repeat(65) + ']'.repeat(65)],
  ]

  test.each(NO_DOCUMENTS)('if it shows what no document could have: %s', (_, text) => {
    const isRefused = /^what is shown: .+ holds /
    expect(refusalOf(decodeToServer, parseJson(`["presence",1,${text}]`))).toMatch(isRefused)
    expect(
      refusalOf(decodeToClient, parseJson(`["present",1,[["m","anna","device0000000000000000","Phone",${text}]]]`)),
    ).toMatch(isRefused)
  })
})
