import { CLOSE_CODES, SyncError, encodeToServer } from '@whisker/protocol'
import { expect, test, vi } from 'vitest'
import type { Principal } from './principal.ts'
import type { Authenticate } from './server-options.ts'
import { type ManualClock, manualClock } from './testing/manual-clock.ts'
import { type SocketPeer, socketWorld } from './testing/socket-peer.ts'

interface Member extends Principal {
  readonly role?: string
}

/** Tokens like `anna`, `anna:reader` and `anna::60`, which expires in so many seconds. */
function people() {
  const clock = manualClock()
  const asked: Request[] = []
  const authenticate: Authenticate = (request): Member | undefined => {
    asked.push(request)
    const [, id, role = '', seconds] =
      /^Bearer (\w+):?(\w*):?(\d*)$/.exec(request.headers.get('authorization') ?? '') ?? []
    if (id === undefined) return undefined
    return { id, role, ...(seconds && { expiresAt: clock.now() + Number(seconds) * 1000 }) }
  }
  return { clock, asked, authenticate }
}

/** Lets time pass for a socket that stays alive. */
async function pass(ms: number, clock: ManualClock, peer: SocketPeer): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 30_000) {
    clock.advance(Math.min(leftMs, 30_000))
    await peer.beat()
  }
}

test('a socket on which nobody says for five seconds who they are is closed', async () => {
  const { clock, authenticate } = people()
  const { connect } = await socketWorld({ clock, authenticate })
  const peer = await connect()
  clock.advance(4999)
  await peer.beat()
  clock.advance(1)
  expect(await peer.end()).toMatchObject({ code: CLOSE_CODES.timeout, refusal: { code: 'timeout' } })
})

test('a socket of which nobody can tell within five seconds whose it is, is told to come back', async () => {
  const clock = manualClock()
  const { promise, resolve } = Promise.withResolvers<Principal>()
  let isAsked = false
  const authenticate: Authenticate = async () => {
    isAsked = true
    return promise
  }
  const { connect } = await socketWorld({ clock, authenticate })
  const peer = await connect()
  peer.say({ kind: 'hello', token: 'anna' })
  await vi.waitFor(() => expect(isAsked).toBe(true))
  clock.advance(5000)
  const { refusal } = await peer.end()
  expect(refusal).toMatchObject({ code: 'unavailable', message: 'It could not be told in time who this is.' })
  expect(refusal.retryAfterMs).toBeGreaterThan(0)
  resolve({ id: 'anna' })
})

test('more than 16 KiB before a hello are refused, at once or in pieces, and nobody is asked who it is', async () => {
  const { asked, authenticate } = people()
  const { connect } = await socketWorld({ authenticate })
  const whole = await connect()
  whole.say({ kind: 'hello', token: 'x'.repeat(16_384) })
  const pieces = await connect()
  pieces.webSocket.send('["hello","', { fin: false })
  for (let n = 0; n < 20; n++) pieces.webSocket.send('x'.repeat(1000), { fin: false })
  const pings = await connect()
  for (let n = 0; n < 1900; n++) pings.say({ kind: 'ping' })
  for (const peer of [whole, pieces, pings]) {
    expect(await peer.end()).toMatchObject({ code: CLOSE_CODES.too_large, refusal: { code: 'too_large' } })
  }
  expect(asked).toEqual([])
})

test('anything else than a hello is refused before one', async () => {
  const { asked, authenticate } = people()
  const { connect } = await socketWorld({ authenticate })
  const peer = await connect()
  peer.say({ kind: 'version', number: 1, space: 'stories' })
  expect(await peer.end()).toMatchObject({ code: CLOSE_CODES.bad_message, refusal: { code: 'bad_request' } })
  expect(asked).toEqual([])
})

test('authenticate is shown the request that opened the socket, with the token of the hello and no cookie', async () => {
  const { asked, authenticate } = people()
  const { connect } = await socketWorld({ authenticate })
  const headers = { cookie: 'session=1', authorization: 'Bearer mallory', 'x-tenant': 'books' }
  const peer = await connect({ headers })
  peer.say({ kind: 'hello', token: 'anna' })
  await peer.next('welcome')
  const [request] = asked
  expect(new URL(request?.url ?? '').pathname).toBe('/v1/socket')
  expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
    authorization: 'Bearer anna',
    'x-tenant': 'books',
  })
  expect(request?.headers.has('cookie')).toBe(false)
  const silent = await connect({ headers })
  silent.say({ kind: 'hello', token: undefined })
  expect(await silent.end()).toMatchObject({ code: CLOSE_CODES.needs_auth, refusal: { code: 'needs_auth' } })
})

test('a token that is none is refused, whatever it holds', async () => {
  const { connect } = await socketWorld({ authenticate: people().authenticate })
  for (const token of ['', ' ', 'Bearer anna', 'anna\r\nx-admin: 1', 'änna', '\u0000']) {
    const peer = await connect()
    peer.say({ kind: 'hello', token })
    expect(await peer.end(), `the token ${token}`).toMatchObject({ code: CLOSE_CODES.needs_auth })
  }
})

test('an authenticate that fails is told as the failure of the server, and of nothing else', async () => {
  const { connect } = await socketWorld({
    authenticate: () => {
      throw new Error('The key store at 10.0.0.7 is down.')
    },
  })
  const peer = await connect()
  peer.say({ kind: 'hello', token: 'anna' })
  const { code, refusal } = await peer.end()
  expect([code, refusal.code]).toEqual([CLOSE_CODES.server_error, 'server_error'])
  expect(refusal.message).not.toContain('10.0.0.7')
})

test('what was sent together with the hello is answered after the welcome', async () => {
  const { connect } = await socketWorld({ authenticate: people().authenticate })
  const peer = await connect()
  const ask = encodeToServer({ kind: 'version', number: 1, space: 'stories' })
  peer.webSocket.send(encodeToServer({ kind: 'hello', token: 'anna' }))
  for (let n = 1; n <= 20; n++) peer.webSocket.send(ask.replace('1', String(n)))
  await peer.next('answer', 20)
  expect(peer.told[0]).toEqual({ kind: 'welcome' })
  expect(peer.told.filter(({ kind }) => kind === 'answer')).toHaveLength(19)
})

test('another token is asked for a minute before the end, and the socket goes on with it', async () => {
  const { clock, authenticate } = people()
  const { peer } = await socketWorld({ clock, authenticate })
  const a = await peer('anna::3600')
  const anna = await a.client('anna')
  const number = await a.subscribe(anna)
  await pass(3_540_000 - 1, clock, a)
  expect(a.told.filter(({ kind }) => kind === 'renew')).toEqual([])
  clock.advance(1)
  await a.next('renew')
  a.say({ kind: 'hello', token: 'anna::3600' })
  await a.next('welcome')
  // The first token would have ended here.
  await pass(60_000, clock, a)
  const ben = await (await peer('ben')).client('ben')
  ben.create('one', {})
  await ben.push()
  expect(await a.frame(number)).toMatchObject({ rows: [{ document: 'one' }] })
})

test('a socket whose token has expired is closed with needs_auth', async () => {
  const { clock, authenticate } = people()
  const { peer, connect } = await socketWorld({ clock, authenticate })
  const a = await peer('anna::30')
  clock.advance(14_999)
  await a.beat()
  expect(a.told).toEqual([])
  clock.advance(1)
  await a.next('renew')
  clock.advance(15_000)
  expect(await a.end()).toMatchObject({ code: CLOSE_CODES.needs_auth, refusal: { code: 'needs_auth' } })
  const late = await connect()
  late.say({ kind: 'hello', token: 'anna::0' })
  expect(await late.end()).toMatchObject({ code: CLOSE_CODES.needs_auth })
})

test('an end that is no time counts as passed', async () => {
  for (const expiresAt of [Number.NaN, 'tomorrow', null]) {
    const { connect } = await socketWorld({ authenticate: () => ({ id: 'anna', expiresAt: expiresAt as number }) })
    const peer = await connect()
    peer.say({ kind: 'hello', token: 'anna' })
    expect(await peer.end()).toMatchObject({ code: CLOSE_CODES.needs_auth })
  }
})

test("a token of somebody else closes the socket, and one that is nobody's too", async () => {
  const { peer } = await socketWorld({ authenticate: people().authenticate })
  const a = await peer('anna')
  a.say({ kind: 'hello', token: 'ben' })
  expect(await a.end()).toMatchObject({ code: CLOSE_CODES.forbidden, refusal: { code: 'wrong_principal' } })
  const b = await peer('ben')
  b.say({ kind: 'hello', token: '?' })
  expect(await b.end()).toMatchObject({ code: CLOSE_CODES.needs_auth })
})

test('the rights are those of the last token, for a subscription that is open too', async () => {
  const { peer } = await socketWorld({
    authenticate: people().authenticate,
    authorize: ({ role }: Member) => role !== 'nothing',
  })
  const a = await peer('anna:all')
  const anna = await a.client('anna')
  const number = await a.subscribe(anna)
  a.say({ kind: 'hello', token: 'anna:nothing' })
  await a.next('welcome')
  const ben = await (await peer('ben')).client('ben')
  ben.create('one', {})
  await ben.push()
  expect(await a.next('end', number)).toMatchObject({ refusal: { code: 'forbidden' } })
  a.say({ kind: 'version', number: 50, space: 'stories' })
  expect(await a.next('answer', 50)).toMatchObject({ status: 403 })
})

test('a hello that waits is passed over for the one after it', async () => {
  const waiting: (() => void)[] = []
  let asked = 0
  const { connect } = await socketWorld({
    async authenticate(request) {
      asked++
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      await promise
      if (request.headers.get('authorization') === 'Bearer bad') throw new SyncError('forbidden', 'Not this one.')
      return { id: 'anna' }
    },
  })
  const peer = await connect()
  peer.say({ kind: 'hello', token: 'good' })
  await expect.poll(() => waiting.length).toBe(1)
  waiting[0]?.()
  await peer.next('welcome')
  for (const token of ['good', 'bad', 'bad', 'good']) peer.say({ kind: 'hello', token })
  await peer.beat()
  waiting[1]?.()
  await peer.next('welcome')
  await expect.poll(() => waiting.length).toBe(3)
  waiting[2]?.()
  await peer.next('welcome')
  expect(asked).toBe(3)
})
