import type { JsonValue } from '@whisker/protocol'
import type { TestClient } from '../test-client.ts'
import { wrongParameters } from './doors.ts'
import { expectedOf } from './expected-outcomes.ts'
import type { HostileTalk } from './hostile-case.ts'
import { WRONG_VALUES, mutationsOf } from './mutations.ts'
import { emptyPush, forkedPush, pullParameters } from './pushes.ts'
import { allHarmless, allRefused, allRefusedBefore, piecesOf, said } from './talks.ts'
import { frame } from './web-socket-frames.ts'

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth)
const VERSION = '["version",1,"stories"]'

/** Texts that are no JSON. */
const NO_JSON: Readonly<Record<string, string>> = {
  'an empty text': '',
  'white space': ' \n\t',
  'a comment': `/**/${VERSION}`,
  'a trailing comma': VERSION.replace(']', ',]'),
  'single quotes': VERSION.replaceAll('"', "'"),
  'two messages': VERSION + VERSION,
  'something after the message': `${VERSION}x`,
  'a byte order mark': `\ufeff${VERSION}`,
  'a NaN': VERSION.replace('1', 'NaN'),
  'an infinity': VERSION.replace('1', 'Infinity'),
  'a hexadecimal number': VERSION.replace('1', '0x1'),
  'a number with a leading zero': VERSION.replace('1', '01'),
  'a number with a sign': VERSION.replace('1', '+1'),
  'an undefined': VERSION.replace('1', 'undefined'),
  'a zero byte': `${VERSION}\u0000`,
  'a control character in a text': VERSION.replace('stories', 'sto\u0001ries'),
  'half an escape': String.raw`["version",1,"\u12"]`,
  'an escape that there is not': String.raw`["version",1,"\x41"]`,
  'a form': 'kind=version&number=1',
  'XML with an entity': '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
  'a script': '<script>alert(1)</script>',
  '100,000 closing brackets': ']'.repeat(100_000),
  ...Object.fromEntries(
    Array.from({ length: VERSION.length - 1 }, (_, at) => [`a message cut at ${at + 1}`, VERSION.slice(0, at + 1)]),
  ),
}

const DEEP: Readonly<Record<string, string>> = {
  '100,000 lists in each other': nested('[', ']', 100_000),
  '100,000 lists that never end': '['.repeat(100_000),
  '100,000 objects in each other': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a push that is one level too deep': `["push",1,"stories",${nested('[', ']', 81)}]`,
  'something shown that is one level too deep': `["presence",1,${nested('[', ']', 81)}]`,
}

/** Texts that are JSON and no list that begins with a kind, or with one that only a client is told. */
const NO_KIND: Readonly<Record<string, string>> = {
  'an object': '{"kind":"version","number":1,"space":"stories"}',
  'a prototype': '{"__proto__":["version",1,"stories"]}',
  'a list with a length': '{"0":"version","1":1,"2":"stories","length":3}',
  'a list in a list': `[${VERSION}]`,
  'an empty list': '[]',
  'five values': '["version",1,"stories",{},0]',
  'a million empty lists': `[${'[],'.repeat(1_000_000)}[]]`,
  'a hundred thousand keys': `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":0`).join(',')}}`,
  ...Object.fromEntries(
    [
      'welcome',
      'answer',
      'begun',
      'frame',
      'end',
      'present',
      'renew',
      'close',
      'Hello',
      'hello ',
      'kind',
      'toString',
      'constructor',
      '__proto__',
      'digest',
    ].map((kind) => [`the kind ${kind}`, JSON.stringify([kind, 1, 'stories'])]),
  ),
  ...Object.fromEntries(
    Object.entries(WRONG_VALUES).map(([wrong, text]) => [`${wrong} for a kind`, `[${text},1,"stories"]`]),
  ),
  ...Object.fromEntries(
    Object.entries(WRONG_VALUES)
      .filter(([wrong]) => wrong !== 'long')
      .map(([wrong, text]) => [`${wrong} for a message`, text]),
  ),
}

/** What each kind has after it, and which check looks at it. */
type Field = 'message_number' | 'message_space' | 'message_parameters' | 'message_token' | undefined

const FIELDS: Readonly<Record<string, readonly Field[]>> = {
  hello: ['message_token'],
  version: ['message_number', 'message_space'],
  pull: ['message_number', 'message_space', 'message_parameters'],
  push: ['message_number', 'message_space', undefined],
  cancel: ['message_number'],
  subscribe: ['message_number', 'message_space', 'message_parameters'],
  unsubscribe: ['message_number'],
  presence: ['message_number', undefined],
  ping: [],
  pong: [],
}

/** What stands at a field that is looked at later, or may be anything. */
const RIGHT: Readonly<Partial<Record<NonNullable<Field>, readonly string[]>>> = {
  // Without any of its parameters it is a message, and no pull.
  message_parameters: ['object'],
  // Nobody's token, which is another check's.
  message_token: ['null', 'empty', 'path'],
}

/** Every field of every kind with every wrong value, left out, and one more of them. */
function wrongMessages(mallory: TestClient): readonly HostileTalk[] {
  const good: Readonly<Record<string, readonly JsonValue[]>> = {
    hello: ['mallory'],
    version: [1, 'stories'],
    pull: [1, 'stories', pullParameters(mallory)],
    push: [1, 'stories', emptyPush(mallory)],
    cancel: [1],
    subscribe: [1, 'stories', pullParameters(mallory)],
    unsubscribe: [1],
    presence: [1, { cursor: 3 }],
    ping: [],
    pong: [],
  }
  return Object.entries(good).flatMap(([kind, values]) => {
    const fields = FIELDS[kind] ?? []
    const texts = values.map((value) => JSON.stringify(value))
    const message = (changed: readonly string[]): string => `[${[JSON.stringify(kind), ...changed].join(',')}]`
    return [
      ...fields.flatMap((check, at) =>
        check === undefined
          ? []
          : Object.entries(WRONG_VALUES)
              .filter(([wrong]) => !(RIGHT[check] ?? []).includes(wrong))
              .map(([wrong, text]): HostileTalk => ({
                name: `${wrong} for value ${at + 1} of ${kind}`,
                check,
                ...said(message(texts.with(at, text))),
              })),
      ),
      ...allRefused('message_length', {
        ...Object.fromEntries(
          texts.map((_, at) => [`${kind} without its value ${at + 1}`, message(texts.toSpliced(at, 1))]),
        ),
        ...(texts.length < 3 && { [`${kind} with a value more`]: message([...texts, '1']) }),
      }),
    ]
  })
}

/** Tokens that are nobody's, in a hello. */
const NO_TOKENS: Readonly<Record<string, string>> = {
  'no token': '["hello",null]',
  'an empty token': '["hello",""]',
  'a stale token': '["hello","stale"]',
  'a token that is a path': '["hello","../anna"]',
  'a token with more behind it': '["hello","mallory anna"]',
  'a token with its scheme': '["hello","Bearer anna"]',
  'a token with a line break': String.raw`["hello","anna\r\nx: 1"]`,
  'a token with a zero byte': String.raw`["hello","anna\u0000"]`,
  'a token of other letters': '["hello","änna"]',
  'a token without algorithm': '["hello","eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0."]',
  'a token of 8 kB': `["hello","${'x'.repeat(8000)}!"]`,
}

/** What may be asked of a space, as somebody who may not. */
const STRANGE_SPACES: readonly string[] = [
  'diary',
  'garden',
  'nowhere',
  '__proto__',
  'constructor',
  'STORIES',
  'stories.',
  'x'.repeat(128),
]

function strangeSpaces(mallory: TestClient): readonly HostileTalk[] {
  const parameters = JSON.stringify(pullParameters(mallory))
  const push = JSON.stringify(emptyPush(mallory))
  return STRANGE_SPACES.flatMap((space) =>
    allRefused('authorization', {
      [`the version of the space ${space.slice(0, 20)}`]: `["version",1,"${space}"]`,
      [`a pull of the space ${space.slice(0, 20)}`]: `["pull",1,"${space}",${parameters}]`,
      [`a push to the space ${space.slice(0, 20)}`]: `["push",1,"${space}",${push}]`,
      [`a subscription to the space ${space.slice(0, 20)}`]: `["subscribe",1,"${space}",${parameters}]`,
    }),
  )
}

/** One in so many of the wrong pushes is said on a socket too. */
const PUSH_STEP = 4

const wrongPushes = (mallory: TestClient): readonly HostileTalk[] =>
  mutationsOf(forkedPush(mallory))
    .filter((_, at) => at % PUSH_STEP === 0)
    .map((mutation) => ({
      name: `on a socket: ${mutation.place} is ${mutation.wrong}`,
      expected: `answered ${expectedOf(mutation)}`,
      ...said(`["push",1,"stories",${mutation.text}]`),
    }))

function wrongPulls(mallory: TestClient): readonly HostileTalk[] {
  const good = pullParameters(mallory)
  return [
    ...wrongParameters(mallory),
    ...Object.keys(good).map((name) => [`no ${name}`, { ...good, [name]: undefined }] as const),
  ]
    .filter(([name]) => !['no limit', 'no wait'].includes(name))
    .flatMap(([name, parameters]) => {
      const text = (kind: string): string => JSON.stringify([kind, 1, 'stories', parameters])
      // Half a character is no text: it is none of the message's, before anybody looks for a pull.
      const isText = name.isWellFormed()
      return [
        {
          name: `on a socket: a pull with ${name}`,
          expected: isText ? 'answered 400 bad_message' : 'closed 4400 bad_message',
          ...said(text('pull')),
        },
        {
          name: `a subscription with ${name}`,
          expected: isText ? 'ended bad_message' : 'closed 4400 bad_message',
          ...said(text('subscribe')),
        },
      ]
    })
}

const shown = (text: string): string => `["presence",1,${text}]`

/** Messages on a socket that are none, are wrong somewhere, or come from somebody who may not send them. */
export function hostileMessages(mallory: TestClient): readonly HostileTalk[] {
  const parameters = JSON.stringify(pullParameters(mallory))
  const subscribed = piecesOf(`["subscribe",1,"stories",${parameters}]`)
  const waiting = JSON.stringify({ ...pullParameters(mallory), wait: '25000' })
  return [
    ...allRefused('json', NO_JSON),
    ...allRefused('depth', DEEP),
    ...allRefused('message_kind', NO_KIND),
    ...wrongMessages(mallory),
    ...wrongPulls(mallory),
    ...wrongPushes(mallory),
    ...strangeSpaces(mallory),
    ...allRefused('presence', {
      ...Object.fromEntries(
        ['surrogate', 'proto', 'infinite'].map((wrong) => [`${wrong} that is shown`, shown(WRONG_VALUES[wrong] ?? '')]),
      ),
      'a constructor that is shown': shown('{"a":{"constructor":1}}'),
      'a key with half a character that is shown': shown(String.raw`{"\ud800":1}`),
      'lists one deeper than a document may be that are shown': shown(nested('[', ']', 65)),
    }),
    ...allRefused('presence_size', {
      'more than 4,096 bytes that are shown': [...subscribed, ...piecesOf(shown(`"${'x'.repeat(4095)}"`))],
      'more than 4,096 bytes that are shown, of fewer characters': [
        ...subscribed,
        ...piecesOf(shown(`"${'é'.repeat(2048)}"`)),
      ],
    }),
    ...allRefused('message_in_use', {
      'the number of a pull that waits': [1, 1].flatMap(() => piecesOf(`["pull",1,"stories",${waiting}]`)),
      'the number of a subscription': [...subscribed, ...piecesOf(VERSION)],
      'the number of a subscription for another': [...subscribed, ...subscribed],
    }),
    ...allRefused('another_principal', { 'a hello of anna': '["hello","anna"]' }),
    ...allRefused('authentication', { 'a hello of nobody': '["hello",null]', 'a stale hello': '["hello","stale"]' }),
    ...allHarmless({
      'a number that nobody uses, cancelled': '["cancel",7]',
      'a subscription that is not there, ended': '["unsubscribe",7]',
      'something shown in a subscription that is not there': '["presence",7,{"page":3}]',
      'a ping for whoever answers': '["pong"]',
    }),
    ...allRefusedBefore('hello', {
      version: VERSION,
      pull: `["pull",1,"stories",${parameters}]`,
      push: `["push",1,"stories",${JSON.stringify(emptyPush(mallory))}]`,
      subscribe: `["subscribe",1,"stories",${parameters}]`,
      cancel: '["cancel",1]',
      unsubscribe: '["unsubscribe",1]',
      presence: shown('1'),
    }),
    ...allRefusedBefore('json', NO_JSON_SHORT),
    ...allRefusedBefore('message_kind', { 'an object': '{}', 'no kind': '[1]' }),
    ...allRefusedBefore('authentication', NO_TOKENS),
    ...allRefusedBefore('hello_size', {
      'a token of 16 KiB': `["hello","${'x'.repeat(16_385)}"]`,
      '17,000 bytes of white space': ' '.repeat(17_000),
      'a push of a mebibyte': `["push",1,"stories",${' '.repeat(1024 * 1024)}{}]`,
    }),
    ...allRefusedBefore('hello_time', {
      nothing: [],
      'half a hello': frame({ payload: '["hello","mallory"]' }).subarray(0, 12),
    }),
  ]
}

const NO_JSON_SHORT = Object.fromEntries(Object.entries(NO_JSON).filter(([, text]) => text.length < 200))
