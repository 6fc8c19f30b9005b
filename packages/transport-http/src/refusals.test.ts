import { type Clock, type SyncError, encodeRefusal } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { httpTransport } from './index.ts'
import { retryAfterMs } from './refusals.ts'
import { PULL, PUSH, REFUSAL } from './testing/messages.ts'
import { serverAnswering } from './testing/server.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const clock: Clock = { now: () => NOW, after: () => () => undefined }

async function errorOf(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<SyncError> {
  const { url } = await serverAnswering(status, body, headers)
  const transport = httpTransport({ url, clock })
  return transport.push(PUSH).then(
    () => expect.unreachable(),
    (error: SyncError) => error,
  )
}

test('a refusal becomes an error with its code, message and fix, and carries all of it', async () => {
  const error = await errorOf(429, JSON.stringify(encodeRefusal(REFUSAL)))
  expect(error).toMatchObject({
    code: 'rate_limited',
    message: 'Too many requests.',
    fix: 'Wait a moment.',
    details: { refusal: REFUSAL, status: 429 },
  })
})

test.each([
  ['needs_auth', 401],
  ['forbidden', 403],
  ['wrong_principal', 403],
  ['resync', 409],
  ['new_epoch', 409],
  ['too_large', 413],
  ['space_full', 507],
  ['unsupported_version', 400],
  ['resync', 500],
])('the code of a refusal holds, whatever the status: %s with %i', async (code, status) => {
  const error = await errorOf(status, JSON.stringify(encodeRefusal({ ...REFUSAL, code })))
  expect(error.code).toBe(code)
})

test.each(['from_next_year', 'closed', 'store_in_use', 'aborted', '__proto__', 'disk_full'])(
  'a code that is not for servers to say is server_error, and kept in the details: %s',
  async (code) => {
    const error = await errorOf(400, JSON.stringify(encodeRefusal({ ...REFUSAL, code })))
    expect(error).toMatchObject({ code: 'server_error', details: { refusal: { code } } })
  },
)

test('what a server calls a bad message was our request', async () => {
  const error = await errorOf(400, JSON.stringify(encodeRefusal({ ...REFUSAL, code: 'bad_message' })))
  expect(error.code).toBe('bad_request')
})

test.each([
  [400, 'bad_request'],
  [401, 'needs_auth'],
  [403, 'forbidden'],
  [404, 'bad_request'],
  [408, 'timeout'],
  [409, 'bad_request'],
  [413, 'too_large'],
  [425, 'unavailable'],
  [429, 'rate_limited'],
  [500, 'server_error'],
  [501, 'server_error'],
  [502, 'network'],
  [503, 'network'],
  [504, 'timeout'],
  [507, 'server_error'],
])('without a reason, status %i is %s', async (status, code) => {
  for (const body of ['', '<html>no</html>', '{"error":"no"}', '{"error":{"code":7}}', 'null']) {
    const error = await errorOf(status, body)
    expect(error).toMatchObject({ code, details: { status }, fix: expect.any(String) })
    expect(error.details).not.toHaveProperty('refusal')
  }
})

test('a path that the server does not know is told with the url that was asked', async () => {
  const refusal = JSON.stringify(
    encodeRefusal({ ...REFUSAL, code: 'bad_request', message: 'There is nothing at this path.' }),
  )
  for (const body of [refusal, '<html>no</html>']) {
    const { url } = await serverAnswering(404, body)
    await expect(httpTransport({ url: `${url}/wrong` }).version('x')).rejects.toMatchObject({
      code: 'bad_request',
      message: expect.stringContaining(`${url}/wrong/v1/spaces/x/version`),
      fix: "Check the transport's url and its path prefix.",
    })
  }
})

test('the status holds where the reason is too large to be read', async () => {
  const { url } = await serverAnswering(503, 'x'.repeat(2000))
  const transport = httpTransport({ url, maxAnswerBytes: 1000 })
  await expect(transport.pull(PULL)).rejects.toMatchObject({ code: 'network' })
})

test('Retry-After is told beside a refusal and without one', async () => {
  const bare = await errorOf(503, '', { 'retry-after': '7' })
  expect(bare.details).toMatchObject({ retryAfterMs: 7000 })
  const told = await errorOf(429, JSON.stringify(encodeRefusal(REFUSAL)), { 'retry-after': '7' })
  expect(told.details).toMatchObject({ retryAfterMs: 7000, refusal: { retryAfterMs: 7000 } })
})

test('the delay in a refusal is finer than the header and holds', async () => {
  const refusal = JSON.stringify(encodeRefusal({ ...REFUSAL, retryAfterMs: 250 }))
  const error = await errorOf(429, refusal, { 'retry-after': '1' })
  expect(error.details).toMatchObject({ retryAfterMs: 250, refusal: { retryAfterMs: 250 } })
})

test.each([
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5000],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
  [null, undefined],
  ['', undefined],
  ['soon', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e9', undefined],
  ['99999999999999999999', undefined],
  ['2026', 2_026_000],
  ['Xyz, 99 Foo 2026 99:99:99 GMT', undefined],
])('Retry-After: %s is %s ms', (header, delayMs) => {
  expect(retryAfterMs(header, clock)).toBe(delayMs)
})
