import type { SyncError } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { type WebSocketTransportOptions, webSocketTransport } from './node.ts'

function refusalOf(options: unknown): unknown {
  try {
    void webSocketTransport(options as WebSocketTransportOptions).close()
    return undefined
  } catch (thrown) {
    const { code, fix } = thrown as SyncError
    expect(fix).not.toBeUndefined()
    return code
  }
}

test.each([
  'wss://sync.example.org',
  'https://sync.example.org/a/b/',
  'ws://localhost:8080',
  'http://127.0.0.1:80/api',
])('%s is taken', (url) => expect(refusalOf({ url })).toBeUndefined())

test.each(['ws://sync.example.org', 'http://10.0.0.1', 'WS://[::2]'])('%s is insecure_url', (url) =>
  expect(refusalOf({ url })).toBe('insecure_url'),
)

test.each([
  undefined,
  null,
  {},
  { url: 7 },
  { url: 'sync.example.org' },
  { url: 'ftp://localhost' },
  { url: 'wss://ann:secret@sync.example.org' },
  { url: 'wss://sync.example.org?token=secret' },
  { url: 'wss://sync.example.org', token: 7 },
  { url: 'wss://sync.example.org', timeoutMs: 0 },
  { url: 'wss://sync.example.org', timeoutMs: Number.NaN },
  { url: 'wss://sync.example.org', maxAnswerBytes: 1.5 },
  { url: 'wss://sync.example.org', webSocket: {} },
  { url: 'wss://sync.example.org', tokens: 'secret' },
])('%j is invalid_options', (options) => expect(refusalOf(options)).toBe('invalid_options'))
