import { isSyncError } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { type HttpTransportOptions, httpTransport } from './index.ts'

function refusalOf(options: HttpTransportOptions): unknown {
  try {
    httpTransport(options)
    return undefined
  } catch (thrown) {
    if (!isSyncError(thrown)) return thrown
    expect(thrown.fix).not.toBeUndefined()
    return thrown.code
  }
}

test.each([
  'https://sync.example.org',
  'https://sync.example.org:8443/a/b/',
  'http://localhost:8080',
  'http://LOCALHOST',
  'http://127.0.0.1:80/api',
  'http://127.9.8.7',
  'http://127.1',
  'http://[::1]:8080',
])('%s is taken', (url) => {
  expect(refusalOf({ url })).toBeUndefined()
})

test.each([
  'http://sync.example.org',
  'http://127.0.0.1.example.org',
  'http://localhost.example.org',
  'http://10.0.0.1',
  'http://192.168.1.7',
  'http://[::2]',
  'http://128.0.0.1',
  'http://0.0.0.0',
])('%s is insecure_url', (url) => {
  expect(refusalOf({ url })).toBe('insecure_url')
})

test.each([
  '',
  'sync.example.org',
  '/api',
  'ws://localhost',
  'file:///etc',
  'javascript:1',
  'https://',
  'https://user@example.org',
  'https://user:hunter2@example.org',
  'https://example.org/?token=x',
  'https://example.org?',
  'https://example.org/#a',
  undefined as never,
  7 as never,
])('%j is no url of a server', (url) => {
  expect(refusalOf({ url })).toBe('invalid_options')
})

test('a password in the url is not shown', () => {
  expect(() => httpTransport({ url: 'http://user:hunter2@example.org' })).toThrow(/^(?!.*hunter2)/)
})

test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 31])('a timeout of %s ms is no timeout', (timeoutMs) => {
  expect(refusalOf({ url: 'https://example.org', timeoutMs })).toBe('invalid_options')
})

test('no bytes at all for an answer are too few', () => {
  expect(refusalOf({ url: 'https://example.org', maxAnswerBytes: 0 })).toBe('invalid_options')
})

test.each(['localhost:8787', 'sync.example.org', 'ws://localhost', ''])(
  'for %j the error says how a url begins',
  (url) => {
    expect(() => httpTransport({ url })).toThrow('begin with http:// or https://')
  },
)

test('what is there in place of a url is named', () => {
  expect(() => httpTransport({} as never)).toThrow(/got undefined\.$/)
  expect(() => httpTransport({ url: null } as never)).toThrow(/got null\.$/)
  expect(() => httpTransport({ url: 7 } as never)).toThrow(/got a number\.$/)
})

test.each([undefined, null, 'https://example.org'])('%j is no options', (options) => {
  expect(refusalOf(options as never)).toBe('invalid_options')
})

test.each([
  ['token', 5],
  ['token', null],
  ['fetch', 'x'],
  ['clock', 7],
  ['tokn', 'x'],
  ['toString', 'x'],
])('an option that is wrong or unknown is refused by its name: %s %j', (name, value) => {
  const options = { url: 'https://example.org', [name]: value }
  expect(refusalOf(options)).toBe('invalid_options')
  expect(() => httpTransport(options)).toThrow(name)
})
