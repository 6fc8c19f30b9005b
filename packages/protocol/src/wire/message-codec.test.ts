import { describe, expect, test } from 'vitest'
import {
  PROBLEMS,
  encodeFrame,
  randomFrame,
  randomPage,
  randomPull,
  randomDevices,
  randomPush,
  randomReceipt,
  randomRefusal,
  randomServerVersion,
} from '../testing/messages.ts'
import { type Chance, chanceFrom } from '../testing/random.ts'
import { content, dot, operation, replica, version } from '../testing/writing.ts'
import { isSyncError } from '../errors.ts'
import type { EpochId } from '../identity.ts'
import { canonicalJson, parseJson } from '../json.ts'
import { LIMITS } from '../limits.ts'
import type { PushRequest } from '../messages.ts'
import { decodeDevices, encodeDevices } from './devices-codec.ts'
import {
  decodePull,
  decodePush,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  encodeReceipt,
  encodeRefusal,
  encodeServerVersion,
} from './message-codec.ts'
import { decodeFrame } from './frame-codec.ts'
import { decodePage, encodePage } from './page-codec.ts'

const over = (value: unknown): unknown => parseJson(JSON.stringify(value))

/** A message there and back, and a way to read any value as one. */
interface Kind {
  readonly make: (random: Chance) => unknown
  readonly encode: (message: never) => unknown
  readonly decode: (value: unknown) => unknown
}
const KINDS: Readonly<Record<string, Kind>> = {
  push: { make: randomPush, encode: encodePush, decode: (value) => decodePush('my-stories', value, LIMITS) },
  pull: {
    make: randomPull,
    encode: encodePull,
    decode: (value) => decodePull('my-stories', value as Record<string, unknown>, LIMITS),
  },
  page: { make: randomPage, encode: (page: never) => JSON.parse(encodePage(page)) as unknown, decode: decodePage },
  frame: {
    make: randomFrame,
    encode: (frame: never) => JSON.parse(encodeFrame(frame)) as unknown,
    decode: decodeFrame,
  },
  receipt: { make: randomReceipt, encode: encodeReceipt, decode: decodeReceipt },
  refusal: { make: randomRefusal, encode: encodeRefusal, decode: decodeRefusal },
  version: { make: randomServerVersion, encode: encodeServerVersion, decode: decodeServerVersion },
  devices: { make: randomDevices, encode: encodeDevices, decode: decodeDevices },
}

/** What reading a value comes to; anything thrown that is no refusal of the message fails the test. */
function read(kind: Kind, value: unknown): 'read' | 'refused' {
  try {
    kind.decode(value)
    return 'read'
  } catch (error) {
    if (isSyncError(error) && (error.code === 'bad_message' || error.code === 'too_large')) return 'refused'
    throw error
  }
}

const refusalOf = (call: () => unknown): unknown => {
  try {
    return ['read', call()]
  } catch (error) {
    return isSyncError(error) ? error.code : error
  }
}

/** What a pollution would add to. */
const names = (): string =>
  canonicalJson([Object.getOwnPropertyNames(Object.prototype), Object.getOwnPropertyNames(Array.prototype)])

describe.each(Object.entries(KINDS))('a %s', (_, kind) => {
  test('comes out as it went in', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const message = kind.make(chanceFrom(seed))
      expect(kind.decode(over(kind.encode(message as never))), `seed ${seed}`).toEqual(message)
    }
  })

  test('has one wire text: encoding what was decoded gives it again', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const wire = over(kind.encode(kind.make(chanceFrom(seed)) as never))
      expect(JSON.stringify(kind.encode(kind.decode(wire) as never)), `seed ${seed}`).toBe(JSON.stringify(wire))
    }
  })

  test('that was damaged anywhere is read or refused, and pollutes nothing', () => {
    const before = names()
    let refused = 0
    for (let seed = 1; seed <= 4000; seed++) {
      const random = chanceFrom(seed)
      const wire = over(kind.encode(kind.make(chanceFrom(seed % 200)) as never))
      if (read(kind, damaged(random, wire)) === 'refused') refused++
    }
    expect(refused).toBeGreaterThan(400)
    expect(names()).toBe(before)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('is never a list, a text, a number or nothing', () => {
    for (const value of [null, 0, 'a', [], [1], true, {}])
      expect(read(kind, kind === KINDS['pull'] ? {} : value)).toBe('refused')
  })
})

const ODD: readonly unknown[] = [
  null,
  true,
  false,
  '',
  'a',
  '\ud800',
  -1,
  1.5,
  2 ** 53,
  -0,
  1e300,
  [],
  [[]],
  {},
  [null],
  { a: 1 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  { constructor: { prototype: { polluted: true } } },
  'x'.repeat(5000),
  Array.from({ length: 600 }, () => 0),
  [['__proto__', 'polluted'], true],
  '{"a":',
  '['.repeat(16_000),
  JSON.parse(`${'['.repeat(70)}1${']'.repeat(70)}`),
]

function remove(host: unknown[] | Record<string, unknown>, at: string): void {
  if (Array.isArray(host)) host.splice(Number(at), 1)
  else delete host[at]
}

/** The value with something inside replaced, removed, doubled, or put where it does not belong. */
function damaged(random: Chance, value: unknown): unknown {
  const root = [structuredClone(value)]
  let host: unknown[] | Record<string, unknown> = root
  let at: string = '0'
  for (;;) {
    const inner = (host as Record<string, unknown>)[at]
    const keys = typeof inner === 'object' && inner !== null ? Object.keys(inner) : []
    if (keys.length === 0 || (host !== root && random.chance(0.25))) break
    host = inner as Record<string, unknown>
    at = random.pick(keys)
  }
  const record = host as Record<string, unknown>
  const dice = random.below(5)
  if (dice === 0 && host !== root) remove(host, at)
  else if (dice === 1 && Array.isArray(host)) host.splice(Number(at), 0, structuredClone(record[at]))
  else if (dice === 2 && typeof record[at] === 'number')
    record[at] = (record[at] as number) + random.pick([-1, 1, 1000, 0.5, -(2 ** 53)])
  else record[at] = structuredClone(random.pick(ODD))
  return root[0]
}

const PUSH: PushRequest = {
  space: 'my-stories',
  cursor: { epoch: undefined, since: 0, after: 0 },
  seen: 0,
  device: { id: 'd'.repeat(22) as PushRequest['device']['id'], name: 'My laptop' },
  replicas: [{ replica: replica('A'), epoch: undefined, previous: { counter: 0, check: 0 } }],
  offers: [],
  entries: [operation({ at: dot('A', 1), time: 5, delta: [content([], { title: 'T' })] })],
  strategies: {},
}
const EPOCH = replica('e') as string as EpochId
const wirePush = (change: Readonly<Record<string, unknown>>): unknown => over({ ...encodePush(PUSH), ...change })
const push = (change: Readonly<Record<string, unknown>>): unknown => decodePush('my-stories', wirePush(change), LIMITS)
const entry = (...body: readonly unknown[]): unknown => push({ entries: [['stories', 'doc', ...body]] })

describe('a push is refused', () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['of another version', { v: 2 }],
    ['of a version that is a text', { v: '1' }],
    ['without a position', { at: undefined }],
    ['whose position is too long', { at: [null, 0, 0, 1, 0] }],
    ['whose position is of three', { at: [null, 0, 1] }],
    ['whose position says one number three times', { at: [null, 7, 7, 7] }],
    ['whose position is negative', { at: [null, -1] }],
    ['whose position is a fraction', { at: [null, 0.5] }],
    ['whose position is 2^53', { at: [null, 0, 2 ** 53, 0] }],
    ['whose epoch is no epoch id', { at: ['short', 0] }],
    ['without a device', { device: undefined }],
    ['whose device has no id', { device: ['x', 'My laptop'] }],
    ['whose device name is no text', { device: ['d'.repeat(22), 5] }],
    ['whose device name is too long', { device: ['d'.repeat(22), 'x'.repeat(129)] }],
    ['whose device name has a lone surrogate', { device: ['d'.repeat(22), '\ud800'] }],
    ['without replica ids', { ids: undefined }],
    ['that names a replica twice', { ids: [replica('A'), replica('A')] }],
    ['that names a replica by something else', { ids: ['__proto__'] }],
    ['with more claims than ids', { ids: [] }],
    [
      'with too many claims',
      {
        ids: Array.from({ length: 65 }, (_, index) => replica(`R${index}x`)),
        replicas: Array.from({ length: 65 }, () => [0, 0, 0]),
      },
    ],
    ['that writes out the epoch of its position', { replicas: [[null, 0, 0]] }],
    ['that writes out the epoch of its position, by its id', { at: [EPOCH, 0], replicas: [[EPOCH, 0, 0]] }],
    ['whose claim has an epoch by index', { replicas: [[1, 0, 0]] }],
    ['whose check value is negative', { replicas: [[0, 0, -1]] }],
    ['with voids that end before they begin', { entries: [[0, 5, 4]] }],
    ['with voids of an unknown replica', { entries: [[1, 1, 1]] }],
    ['with entries that are no list', { entries: {} }],
    ['with null for entries that are left out', { entries: null }],
    ['with null for offers that are left out', { offers: null }],
    ['with strategies that are no object', { strategies: [] }],
    ['with an unknown strategy', { strategies: { stories: 'toString' } }],
    ['with a strategy for what is no collection', { strategies: { 'a/b': 'manual' } }],
  ])('%s', (_, change) => expect(refusalOf(() => push(change))).toBe('bad_message'))
})

describe('a push is too large', () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['with too many entries', { entries: Array.from({ length: 501 }, () => [0, 1, 1]) }],
    ['with too many offers', { offers: Array.from({ length: 501 }, () => ['stories', 'doc', []]) }],
    ['with more voided counters than one push may have', { entries: [[0, 1, 100_001]] }],
  ])('%s', (_, change) => expect(refusalOf(() => push(change))).toBe('too_large'))
})

describe('an operation is refused', () => {
  const body = [1, 0, 1, 5, [], [[['a'], 1]]] as const
  const changed = (index: number, value: unknown): readonly unknown[] => body.with(index, value as never)

  test('unless everything is right, which this one is', () => {
    expect(entry(...body)).toMatchObject({ entries: [{ type: 'update', delta: [content(['a'], 1)] }] })
  })

  test.each<[string, readonly unknown[]]>([
    ['of an unknown type', changed(0, 4)],
    ['of a type by name', changed(0, 'create')],
    ['of an unknown replica', changed(1, 1)],
    ['of a negative replica', changed(1, -1)],
    ['with counter 0', changed(2, 0)],
    ['with counter 2^53', changed(2, 2 ** 53)],
    ['with a negative time', changed(3, -1)],
    ['with a time beyond the safe integers', changed(3, 2 ** 53)],
    ['whose base is cut in half', changed(4, [0])],
    ['whose base names an unknown replica', changed(4, [7, 1])],
    ['whose base names a replica twice', changed(4, [0, 1, 0, 2])],
    ['whose base has counter 0', changed(4, [0, 0])],
    ['without a delta', body.slice(0, 5)],
    ['that writes and drops nothing', changed(5, [])],
    [
      'that writes the same place twice',
      changed(5, [
        [['a'], 1],
        [['a'], 2],
      ]),
    ],
    [
      'that writes a place and something inside it',
      changed(5, [
        [['a', 'b'], 1],
        [['a-'], 0],
        [['a'], {}],
      ]),
    ],
    ['whose path has a number', changed(5, [[[1], 1]])],
    ['whose path has an index', changed(5, [[['a', 0], 1]])],
    ['whose path has a forbidden key', changed(5, [[['a', '__proto__'], 1]])],
    ['whose path has a lone surrogate', changed(5, [[['\udc00'], 1]])],
    ['whose path is too deep', changed(5, [[Array.from({ length: 65 }, () => 'a'), 1]])],
    [
      'whose path and value together are too deep',
      changed(5, [[Array.from({ length: 60 }, () => 'a'), { a: { a: { a: { a: {} } } } }]]),
    ],
    ['whose value has a forbidden key', changed(5, [[['a'], { b: [{ constructor: 1 }] }]])],
    ['whose value has a lone surrogate', changed(5, [[['a'], ['\ud83d']]])],
    ['whose root is no object', changed(5, [[[], [1]]])],
    ['whose metadata root is no object', changed(5, [[[0], 'a']])],
    ['that updates the root away', changed(5, [[[]]])],
    ['that creates with a field', changed(0, 0)],
    ['that deletes with a value', changed(0, 2)],
    ['that writes content as metadata', changed(0, 3)],
    ['that keeps what is no name', [...body, [[0, 1]]]],
    ['that keeps a name with a forbidden key', [...body, [[0, 1, ['__proto__']]]]],
    ['that keeps a write of an unknown replica', [...body, [[3, 1, []]]]],
    ['that drops what is no list', [...body, [], 'all']],
  ])('%s', (_, operationBody) => expect(refusalOf(() => entry(...operationBody))).toBe('bad_message'))

  test.each([
    ['a/b', 'doc'],
    ['stories', 'a b'],
    ['', 'doc'],
    ['stories', ''],
    ['stories', 5],
    [{}, 'doc'],
    ['stories', 'x'.repeat(129)],
  ])('in collection %j, document %j', (collection, document) =>
    expect(refusalOf(() => push({ entries: [[collection, document, ...body]] }))).toBe('bad_message'),
  )

  test('not for ids that only look dangerous', () => {
    for (const id of ['__proto__', 'constructor', '__defineGetter__', 'hasOwnProperty']) {
      const [first] = (push({ entries: [[id, id, ...body]] }) as PushRequest).entries
      expect(first).toMatchObject({ collection: id, document: id })
    }
  })
})

const offer = (state: unknown): unknown => push({ offers: [['stories', 'doc', state]] })

describe('a state is refused', () => {
  test.each<[string, unknown]>([
    ['that is no list', {}],
    ['of one write whose content is no object', [replica('A'), 1, 5, [1]]],
    ['of one write without content', [replica('A'), 1, 5]],
    ['of one write by nobody', ['A', 1, 5, {}]],
    ['with a replica twice', [[replica('A'), replica('A')], []]],
    ['whose version is cut in half', [[replica('A')], [0]]],
    ['with a write that its version has not integrated', [[replica('A')], [0, 1], [0, 2, 5, [], [[['a'], 1]]]]],
    ['with a write twice', [[replica('A')], [0, 1], [0, 1, 5, [], [[['a'], 1]]], [0, 1, 5, [], [[['a'], 2]]]]],
    [
      'with overlapping writes of one operation',
      [
        [replica('A')],
        [0, 1],
        [
          0,
          1,
          5,
          [],
          [
            [['a'], 1],
            [['a', 'b'], 2],
          ],
        ],
      ],
    ],
    ['whose group is too long', [[replica('A')], [0, 1], [0, 1, 5, [], [[['a'], 1]], [], []]]],
    ['whose root is no object', [[replica('A')], [0, 1], [0, 1, 5, [], [[[], 'a']]]]],
  ])('%s', (_, state) => expect(refusalOf(() => offer(state))).toBe('bad_message'))
})

describe('answers are refused', () => {
  const page = over(JSON.parse(encodePage(randomPage(chanceFrom(7))))) as Record<string, unknown>
  const receipt = over(encodeReceipt(randomReceipt(chanceFrom(7)))) as Record<string, unknown>
  test.each<[string, () => unknown]>([
    ['if a page has a list of no epochs', () => decodePage({ ...page, epochs: [] })],
    ['if a receipt has a list of no epochs', () => decodeReceipt({ ...receipt, epochs: [] })],
    ['if a page has null for epochs that are left out', () => decodePage({ ...page, epochs: null })],
    ['if an epoch began before the beginning', () => decodePage({ ...page, epochs: [[replica('e'), -1]] })],
    ['if a page is of another version', () => decodePage({ ...page, v: 0 })],
    ['if a receipt is of another version', () => decodeReceipt({ ...receipt, v: 2 })],
    [
      'if a receipt has a problem of an unknown kind',
      () => decodeReceipt({ ...receipt, problem: ['lost', replica('A'), 1] }),
    ],
    [
      'if a receipt rejects an operation without saying why',
      () => decodeReceipt({ ...receipt, problem: ['operation_rejected', replica('A'), 1] }),
    ],
    ['if a receipt ends nowhere', () => decodeReceipt({ ...receipt, to: null })],
    ['if a refusal has no code', () => decodeRefusal({ error: { message: 'a' } })],
    ['if a version has no epoch', () => decodeServerVersion({ v: 1, head: 0, time: 0 })],
  ])('%s', (_, call) => expect(refusalOf(call)).toBe('bad_message'))
})

test.each(PROBLEMS.map((problem) => [problem.code, problem] as const))(
  'a receipt carries the problem %s',
  (_, problem) => {
    const receipt = { ...randomReceipt(chanceFrom(1)), problem }
    expect(decodeReceipt(over(encodeReceipt(receipt)))).toEqual(receipt)
  },
)

test('a refusal may hold what this version does not know', () => {
  expect(
    decodeRefusal({ error: { code: 'brand_new', message: 'Later.', reason: 'unheard_of', more: [1] } }),
  ).toMatchObject({
    code: 'brand_new',
    reason: undefined,
  })
})

test('fields that this version does not know are passed over', () => {
  expect(push({ future: { deep: [1] } })).toEqual(PUSH)
})

test('a collection named like a part of an object gets its strategy, and pollutes nothing', () => {
  const { strategies } = push({
    strategies: JSON.parse('{"__proto__":"manual","constructor":"keep_both"}') as unknown,
  }) as PushRequest
  expect(Object.entries(strategies)).toEqual([
    ['__proto__', 'manual'],
    ['constructor', 'keep_both'],
  ])
  expect(Object.getPrototypeOf(strategies)).toBe(Object.prototype)
})

test('a reason that is too long for the wire is cut rather than unreadable', () => {
  const long = `${'x'.repeat(4095)}\u{1f600}and more`
  const receipt = {
    ...randomReceipt(chanceFrom(1)),
    problem: {
      code: 'operation_rejected',
      dot: dot('A', 1),
      reason: { code: 'c'.repeat(200), message: long },
    } as const,
  }
  const { problem } = decodeReceipt(over(encodeReceipt(receipt)))
  expect(problem).toMatchObject({ reason: { code: 'c'.repeat(128) } })
  expect(
    decodeRefusal(over(encodeRefusal({ ...randomRefusal(chanceFrom(1)), message: long, fix: long }))).message,
  ).toHaveLength(4096)
})

test('an answer that tells of no epoch has no list of them', () => {
  const page = { ...randomPage(chanceFrom(1)), epochs: [] }
  const receipt = { ...randomReceipt(chanceFrom(1)), epochs: [] }
  expect(
    [parseJson(encodePage(page)), encodeReceipt(receipt)].map((wire) => Object.hasOwn(wire as object, 'epochs')),
  ).toEqual([false, false])
  expect([decodePage(parseJson(encodePage(page))), decodeReceipt(over(encodeReceipt(receipt)))]).toEqual([
    page,
    receipt,
  ])
})

/** The claims of a push, of a replica and at a position of these epochs. */
const claimsOf = (own: EpochId | undefined, here: EpochId | undefined): unknown =>
  encodePush({
    ...PUSH,
    cursor: { ...PUSH.cursor, epoch: here },
    replicas: [{ replica: replica('A'), epoch: own, previous: { counter: 3, check: 7 } }],
  })['replicas']

test('the epoch of a claim is 0 exactly if it is the one of the position', () => {
  expect(claimsOf(EPOCH, EPOCH)).toEqual([[0, 3, 7]])
  expect(claimsOf(undefined, undefined)).toEqual([[0, 3, 7]])
  expect(claimsOf(EPOCH, undefined)).toEqual([[EPOCH, 3, 7]])
  expect(claimsOf(undefined, EPOCH)).toEqual([[null, 3, 7]])
  expect(push({ at: [EPOCH, 0], replicas: [[0, 3, 7]] })).toMatchObject({ replicas: [{ epoch: EPOCH }] })
})

test('a position is one number exactly if a client has seen just what it holds', () => {
  const positions = [
    { cursor: { epoch: EPOCH, since: 7, after: 7 }, seen: 7, at: [EPOCH, 7] },
    { cursor: { epoch: undefined, since: 0, after: 0 }, seen: 0, at: [null, 0] },
    { cursor: { epoch: EPOCH, since: 7, after: 7 }, seen: 8, at: [EPOCH, 7, 7, 8] },
    { cursor: { epoch: EPOCH, since: 7, after: 8 }, seen: 8, at: [EPOCH, 7, 8, 8] },
    { cursor: { epoch: EPOCH, since: 8, after: 7 }, seen: 8, at: [EPOCH, 8, 7, 8] },
  ]
  for (const { at, ...position } of positions) {
    expect(encodePush({ ...PUSH, ...position })['at']).toEqual(at)
    const parameters = encodePull({ ...randomPull(chanceFrom(1)), ...position })
    expect(parameters['at']).toBe(JSON.stringify(at))
    expect(decodePull('my-stories', parameters, LIMITS)).toMatchObject(position)
  }
  const parameters = { ...encodePull(randomPull(chanceFrom(1))), at: '[null,7,7,7]' }
  expect(refusalOf(() => decodePull('my-stories', parameters, LIMITS))).toBe('bad_message')
})

const count = (text: string, part: string): number => text.split(part).length - 1

describe('compactness', () => {
  const long = operation({
    at: dot('A', 2),
    time: 6,
    on: version({ A: 1, B: 4 }),
    delta: [content(['title'], 'T')],
    keep: [{ dot: dot('B', 4), root: 'content', path: ['a'] }],
    drop: [{ dot: dot('B', 3), root: 'content', path: [] }],
  })

  test('a replica id stands once per message', () => {
    const text = JSON.stringify(encodePush({ ...PUSH, entries: [...PUSH.entries, long, long] }))
    expect([count(text, replica('A')), count(text, replica('B'))]).toEqual([1, 1])
  })

  test('an operation is a tuple: an edit of a title costs less than sixty bytes in a batch', () => {
    const one = JSON.stringify(encodePush({ ...PUSH, entries: [long] }))
    const edit = { ...long, keep: [], drop: [] }
    const two = JSON.stringify(encodePush({ ...PUSH, entries: [long, edit] }))
    expect(two.length - one.length).toBeLessThan(60)
  })

  test('what is empty is not written', () => {
    expect(Object.keys(encodePush({ ...PUSH, entries: [] }))).toEqual(['v', 'at', 'device', 'ids', 'replicas'])
  })
})

test('a pull whose parameters are nested without end is refused', () => {
  const parameters = encodePull(randomPull(chanceFrom(1)))
  for (const name of Object.keys(parameters)) {
    for (const text of ['['.repeat(16_000), `${'['.repeat(8000)}${']'.repeat(8000)}`, 'x'.repeat(20_000), '{', '']) {
      expect(refusalOf(() => decodePull('my-stories', { ...parameters, [name]: text }, LIMITS))).toBe('bad_message')
    }
  }
})

test('a pull and its page carry a nonce of at most 64 characters, or none', () => {
  const { nonce: _, ...pull } = randomPull(chanceFrom(1))
  const { nonce: _other, ...page } = randomPage(chanceFrom(1))
  expect(decodePull('my-stories', encodePull({ ...pull, nonce: 'n'.repeat(64) }), LIMITS).nonce).toBe('n'.repeat(64))
  expect(decodePage(parseJson(encodePage({ ...page, nonce: 'n' }))).nonce).toBe('n')
  expect([
    decodePull('my-stories', encodePull(pull), LIMITS).nonce,
    decodePage(parseJson(encodePage(page))).nonce,
  ]).toEqual([undefined, undefined])
  const long = 'n'.repeat(65)
  expect(refusalOf(() => decodePull('my-stories', encodePull({ ...pull, nonce: long }), LIMITS))).toBe('bad_message')
  expect(refusalOf(() => decodePage(parseJson(encodePage({ ...page, nonce: long }))))).toBe('bad_message')
})
