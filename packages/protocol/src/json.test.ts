import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isSyncError } from './errors.ts'
import {
  type JsonValue,
  canonicalJson,
  checkJson,
  deepFreeze,
  formatPath,
  jsonEqual,
  parseJson,
  toJson,
  utf8Length,
} from './json.ts'

/** The code and the path of what a call refuses. */
function refusal(call: () => unknown): [code: string, path: unknown] {
  try {
    call()
  } catch (error) {
    if (isSyncError(error)) return [error.code, error.details['path']]
    throw error
  }
  throw new Error('nothing was refused')
}

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = level % 2 ? [value] : { a: value }
  return value
}

class Story {
  title = 'The Dragon'
}
const NAMELESS: unknown = Object.create({ constructor: undefined })

describe('toJson', () => {
  test.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['1e400, which parses to Infinity', Number('1e400')],
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a RegExp', /a/],
    ['a typed array', new Uint8Array(1)],
    ['a boxed string', Object('a')],
    ['a class instance', new Story()],
    ['an instance without a constructor', NAMELESS],
    ['a lone high surrogate', 'a\ud83d'],
    ['a lone low surrogate', '\ude00a'],
    ['surrogates in the wrong order', '\ude00\ud83d'],
    ['undefined in an array', [undefined]],
    ['a hole in an array', Object.assign([], { 1: 1 })],
  ])('refuses %s, naming its path', (_, value) => {
    expect(refusal(() => toJson(value))[0]).toBe('invalid_value')
    const [code, path] = refusal(() => toJson({ list: [0, { deep: value }] }))
    expect(code).toBe('invalid_value')
    expect((path as unknown[]).slice(0, 3)).toEqual(['list', 1, 'deep'])
  })

  test.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s at any depth', (key) => {
    const value = JSON.parse(`{"a":[{"${key}":{"polluted":true}}]}`) as unknown
    expect(refusal(() => toJson(value))).toEqual(['invalid_value', ['a', 0, key]])
    expect(refusal(() => checkJson(value))).toEqual(['invalid_value', ['a', 0, key]])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('refuses a lone surrogate in a key', () => {
    expect(refusal(() => toJson({ a: { 'b\ud800': 1 } }))).toEqual(['invalid_value', ['a', 'b\ud800']])
  })

  test('refuses cycles instead of running into the end of the stack', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(refusal(() => toJson(loop))[0]).toBe('invalid_value')
    const list: unknown[] = []
    list.push(list, list)
    expect(refusal(() => toJson(list))[0]).toBe('invalid_value')
  })

  test('takes 64 levels and refuses 65, naming where', () => {
    expect(toJson(nested(64))).toEqual(nested(64))
    const [code, path] = refusal(() => toJson(nested(65)))
    expect([code, (path as unknown[]).length]).toEqual(['invalid_value', 64])
    expect(refusal(() => toJson(nested(100_000)))[0]).toBe('invalid_value')
  })

  test('turns -0 into 0 and drops undefined fields', () => {
    const value = toJson({ zero: -0, list: [-0], gone: undefined, kept: null })
    expect(value).toStrictEqual({ zero: 0, list: [0], kept: null })
    expect(Object.is((value as { zero: number }).zero, 0)).toBe(true)
  })

  test('takes plain objects of every origin, and keys that only look dangerous', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 })
    expect(toJson(bare)).toStrictEqual({ a: 1 })
    expect(toJson({ toString: 1, __defineGetter__: 2, hasOwnProperty: 3, '': 4 })).toEqual({
      toString: 1,
      __defineGetter__: 2,
      hasOwnProperty: 3,
      '': 4,
    })
  })

  test('freezes deeply and leaves the input alone', () => {
    const input = { a: [{ b: 1 }] }
    const value = toJson(input) as typeof input
    expect([Object.isFrozen(value), Object.isFrozen(value.a), Object.isFrozen(value.a[0])]).toEqual([true, true, true])
    expect(Object.isFrozen(input)).toBe(false)
  })

  test('keeps any JSON value as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        fc.pre(!/__proto__|constructor|prototype/.test(JSON.stringify(value)))
        const text = JSON.stringify(value)
        expect(JSON.stringify(toJson(value))).toBe(text)
        expect(() => checkJson(JSON.parse(text))).not.toThrow()
      }),
    )
  })

  test('keeps the edges of the doubles', () => {
    for (const number of [Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53, 2 ** 53 + 2, -(2 ** 53), 0.1 + 0.2, 5e-324]) {
      expect(JSON.parse(JSON.stringify(toJson(number)))).toBe(number)
    }
  })
})

describe('checkJson', () => {
  test('refuses what JSON.parse lets through: forbidden keys, lone surrogates, depth, infinities', () => {
    expect(refusal(() => checkJson(JSON.parse('{"a":"\\ud800"}')))).toEqual(['invalid_value', ['a']])
    expect(refusal(() => checkJson(JSON.parse('{"a\\udc00":1}')))[0]).toBe('invalid_value')
    expect(refusal(() => checkJson(JSON.parse('[1e999]')))[0]).toBe('invalid_value')
    expect(refusal(() => checkJson(nested(65)))[0]).toBe('invalid_value')
    expect(() => checkJson(nested(64))).not.toThrow()
  })
})

describe('parseJson', () => {
  test('answers a text five million levels deep with bad_message', () => {
    expect(refusal(() => parseJson('['.repeat(5_000_000)))[0]).toBe('bad_message')
    expect(refusal(() => parseJson('{"a":'.repeat(5_000_000)))[0]).toBe('bad_message')
    expect(refusal(() => parseJson('['.repeat(5_000_000) + ']'.repeat(5_000_000)))[0]).toBe('bad_message')
  })

  test('counts brackets outside of strings only, past escapes and escaped escapes', () => {
    for (const value of ['['.repeat(200), '"['.repeat(200), '\\', '\\"[[[[', '\\\\[', { '[[[[': '"]' }]) {
      expect(parseJson(JSON.stringify(value), 3)).toEqual(value)
    }
    expect(parseJson('[[[]]]', 3)).toEqual([[[]]])
    expect(refusal(() => parseJson('["\\\\",[[[]]]]', 3))[0]).toBe('bad_message')
  })

  test('answers texts that are no JSON with bad_message', () => {
    for (const text of ['', '{', '"', '"\\', 'undefined', "{'a':1}", '[1,]', 'NaN', '\u0000', ']]]][[[[']) {
      expect(refusal(() => parseJson(text))[0]).toBe('bad_message')
    }
  })

  test('reads a text of backslashes in one pass', () => {
    const text = JSON.stringify('\\'.repeat(1_000_000))
    expect(parseJson(text)).toHaveLength(1_000_000)
  })

  test('agrees with JSON.parse on anything within the depth', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text))
      }),
    )
  })
})

const shuffled = (value: JsonValue): JsonValue =>
  Array.isArray(value)
    ? value.map(shuffled)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, item]) => [key, shuffled(item)]),
        )
      : value

const json = (options?: fc.JsonSharedConstraints): fc.Arbitrary<JsonValue> =>
  fc.json(options).map((text) => JSON.parse(text) as JsonValue)

describe('equality', () => {
  test('canonical texts do not depend on the order of keys, and parse back to the value', () => {
    fc.assert(
      fc.property(json(), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value))
        expect(jsonEqual(JSON.parse(canonicalJson(value)) as JsonValue, value)).toBe(true)
      }),
    )
  })

  test('two values are equal exactly when their canonical texts are', () => {
    const small = json({ maxDepth: 2 })
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(jsonEqual(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
      }),
      { numRuns: 1000 },
    )
  })

  test('an array is no object, null is no object, and no value equals only itself', () => {
    expect(jsonEqual([], {})).toBe(false)
    expect(jsonEqual(null, {})).toBe(false)
    expect(jsonEqual({ toString: 1 }, { a: 1 })).toBe(false)
    expect([jsonEqual(undefined, undefined), jsonEqual(undefined, null)]).toEqual([true, false])
  })
})

test('paths read as one would write them', () => {
  expect(formatPath([])).toBe('The value')
  expect(formatPath(['passages', 3, 'text'])).toBe('passages[3].text')
})

test('deepFreeze freezes in place and gives the same reference back', () => {
  const value = { a: [{ b: 1 }] }
  expect(deepFreeze(value)).toBe(value)
  expect(Object.isFrozen(value.a[0])).toBe(true)
})

test('utf8Length is the length that TextEncoder finds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length)
    }),
  )
})
