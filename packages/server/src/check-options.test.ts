import { isSyncError } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { createServer } from './create-server.ts'
import { sqliteStore } from './sqlite-store.ts'

function memoryStore() {
  const store = sqliteStore(':memory:')
  onTestFinished(async () => store.close())
  return store
}

function messageOf(options: unknown): string {
  try {
    createServer(options as never)
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown
    expect(thrown).toMatchObject({ code: 'invalid_options', fix: expect.any(String) })
    return thrown.message
  }
  return expect.unreachable()
}

test('options that are no options are refused when the server is made', () => {
  expect(messageOf(undefined)).toContain('got undefined')
  expect(messageOf({})).toContain('`store`')
  for (const store of ['x', 7, null, {}]) expect(messageOf({ store })).toContain('`store`')
  const store = memoryStore()
  for (const name of ['authenticate', 'authorize', 'validate', 'log', 'clock', 'random', 'limits', 'sockets']) {
    for (const value of ['x', 5, null]) expect(messageOf({ store, [name]: value })).toContain(`\`${name}\``)
  }
})

test('a limit that is no positive whole number is refused', () => {
  const store = memoryStore()
  for (const value of ['lots', 0, -1, 1.5, Number.NaN, Infinity, null]) {
    expect(messageOf({ store, limits: { documentBytes: value } })).toContain('`documentBytes`')
    expect(messageOf({ store, sockets: { requests: value } })).toContain('`requests`')
  }
})

test('an option or a limit that nobody knows is refused by its name', () => {
  const store = memoryStore()
  expect(messageOf({ store, authentication: () => undefined })).toContain('"authentication"')
  expect(messageOf({ store, limits: { documentByte: 1 } })).toContain('"documentByte"')
  expect(messageOf({ store, sockets: { request: 1 } })).toContain('"request"')
})

test('what is undefined counts as left out', async () => {
  const server = createServer({
    store: sqliteStore(':memory:'),
    authenticate: undefined,
    log: undefined,
    limits: { documentBytes: undefined } as never,
  })
  expect(server.isOpen).toBe(true)
  await server.close()
})
