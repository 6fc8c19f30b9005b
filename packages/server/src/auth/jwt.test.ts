import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { CLOSE_CODES } from '@whisker/protocol'
import { type JWK, SignJWT, UnsecuredJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { START_MS, manualClock } from '../testing/manual-clock.ts'
import { socketWorld } from '../testing/socket-peer.ts'
import { temporaryFolder } from '../testing/test-server.ts'
import { NEEDS_AUTH, tokenDoor } from '../testing/token-door.ts'
import { jwt } from './jwt.ts'
import type { JwtAlgorithm, JwtClaims, JwtOptions } from './jwt-options.ts'

const SECRET = 'thirty-two bytes that were drawn by chance'
const NOW_S = START_MS / 1000
const ISSUER = 'https://issuer.example'
const AUDIENCE = 'stories.example'
const ROUTINE = { issuer: ISSUER, audience: AUDIENCE }

type Key = Parameters<SignJWT['sign']>[0]

const bytes = (secret: string): Uint8Array => new TextEncoder().encode(secret)

/** A token as the issuer makes them, but for what is given. */
async function tokenBy(key: Key, alg: string, claims: JwtClaims = {}, kid?: string): Promise<string> {
  const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'anna', iat: NOW_S, exp: NOW_S + 600, ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg, ...(kid !== undefined && { kid }) }).sign(key)
}

/** A door that takes tokens with a shared secret. */
function secretDoor(options: Partial<JwtOptions> = {}) {
  const clock = manualClock()
  const authenticate = jwt({ ...ROUTINE, algorithm: 'HS256', secret: SECRET, clock, ...options })
  return {
    ...tokenDoor(authenticate, clock),
    clock,
    sign: (claims?: JwtClaims) => tokenBy(bytes(SECRET), 'HS256', claims),
  }
}

async function keyPair(alg: JwtAlgorithm, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { publicKey, privateKey, kid, jwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

function fileOf(...keys: readonly JWK[]): string {
  const path = join(temporaryFolder(), 'keys.json')
  writeFileSync(path, JSON.stringify({ keys }))
  return path
}

/** An issuer that shows keys over HTTP: those that it has at the time, or a failure. */
async function issuer() {
  const shown: { keys: readonly JWK[] | undefined; fetched: number } = { keys: [], fetched: 0 }
  const http = createHttpServer((_, response) => {
    shown.fetched++
    response.statusCode = shown.keys ? 200 : 500
    response.end(JSON.stringify(shown.keys ? { keys: shown.keys } : 'broken'))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return { shown, http, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/keys.json` }
}

/** A door that takes tokens by the keys of an issuer. */
async function remoteDoor(options: Partial<JwtOptions> = {}) {
  const { shown, http, url } = await issuer()
  const clock = manualClock()
  const authenticate = jwt({ ...ROUTINE, algorithm: 'EdDSA', jwksUrl: url, clock, ...options })
  return { ...tokenDoor(authenticate, clock), shown, http }
}

describe('a token', () => {
  test('with a shared secret is that of its subject until it ends', async () => {
    const { show, sign, known } = secretDoor()
    expect(await show(await sign())).toMatchObject({ status: 200 })
    expect(known).toEqual([{ id: 'anna', expiresAt: (NOW_S + 600) * 1000 + 5000 }])
  })

  test.each(['RS256', 'EdDSA'] as const)('signed with %s is taken by the public key in a file', async (algorithm) => {
    const { privateKey, jwk } = await keyPair(algorithm, 'one')
    const clock = manualClock()
    const { show, known } = tokenDoor(jwt({ ...ROUTINE, algorithm, jwksFile: fileOf(jwk), clock }), clock)
    expect(await show(await tokenBy(privateKey, algorithm, {}, 'one'))).toMatchObject({ status: 200 })
    expect(known).toMatchObject([{ id: 'anna' }])
  })

  const wrongClaims: readonly (readonly [what: string, claims: JwtClaims, message: RegExp])[] = [
    ['has expired', { exp: NOW_S - 6 }, /expired/],
    ['has no end', { exp: undefined }, /`exp`/],
    ['is not valid yet', { nbf: NOW_S + 6 }, /`nbf`/],
    ['is for another audience', { aud: 'others.example' }, /`aud`/],
    ['is for nobody', { aud: undefined }, /`aud`/],
    ['is from another issuer', { iss: 'https://other.example' }, /`iss`/],
    ['is from nobody', { iss: undefined }, /`iss`/],
    ['does not say whose it is', { sub: undefined }, /`sub`/],
    ['is of an empty name', { sub: '' }, /`sub`/],
  ]
  test.each(wrongClaims)('that %s needs another', async (_, claims, message) => {
    const { show, sign, known } = secretDoor()
    expect(await show(await sign(claims))).toMatchObject({ ...NEEDS_AUTH, message: expect.stringMatching(message) })
    expect(known).toEqual([])
  })

  test('may be off by the tolerance, in both directions, and not by more', async () => {
    const { show, sign } = secretDoor({ clockToleranceMs: 2000 })
    expect((await show(await sign({ exp: NOW_S - 1 }))).status).toBe(200)
    expect((await show(await sign({ exp: NOW_S - 2 }))).status).toBe(401)
    expect((await show(await sign({ nbf: NOW_S + 2 }))).status).toBe(200)
    expect((await show(await sign({ nbf: NOW_S + 3 }))).status).toBe(401)
  })

  test('ends by the clock of the server', async () => {
    const { show, sign, clock } = secretDoor()
    const token = await sign()
    clock.advance(604_000)
    expect((await show(token)).status).toBe(200)
    clock.advance(1000)
    expect(await show(token)).toMatchObject(NEEDS_AUTH)
  })

  test('that is not signed is none', async () => {
    const { show } = secretDoor()
    const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'anna', exp: NOW_S + 600 }
    const unsigned = new UnsecuredJWT(claims).encode()
    for (const alg of ['none', 'None', 'NONE', undefined]) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url')
      expect(await show(unsigned.replace(/^[^.]*/, header))).toMatchObject(NEEDS_AUTH)
    }
  })

  test('signed with the public key for a secret is none', async () => {
    const { publicKey, jwk } = await keyPair('RS256', 'one')
    const clock = manualClock()
    const { show } = tokenDoor(jwt({ ...ROUTINE, algorithm: 'RS256', jwksFile: fileOf(jwk), clock }), clock)
    const pem = await exportSPKI(publicKey)
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? '']) {
      expect(await show(await tokenBy(bytes(secret), 'HS256', {}, 'one'))).toMatchObject(NEEDS_AUTH)
    }
  })

  test('of another algorithm is none, where a secret is expected and where another key pair is', async () => {
    const rsa = await keyPair('RS256', 'one')
    const eddsa = await keyPair('EdDSA', 'two')
    const clock = manualClock()
    const jwksFile = fileOf(rsa.jwk, eddsa.jwk)
    const { show } = tokenDoor(jwt({ ...ROUTINE, algorithm: 'RS256', jwksFile, clock }), clock)
    expect(await show(await tokenBy(eddsa.privateKey, 'EdDSA', {}, 'two'))).toMatchObject(NEEDS_AUTH)
    const secret = secretDoor()
    expect(await secret.show(await tokenBy(rsa.privateKey, 'RS256', {}, 'one'))).toMatchObject(NEEDS_AUTH)
    expect(await secret.show(await tokenBy(bytes(SECRET.repeat(2)), 'HS512'))).toMatchObject(NEEDS_AUTH)
  })

  test('by another key is none, under a name that is known or not', async () => {
    const [known, stranger] = [await keyPair('EdDSA', 'one'), await keyPair('EdDSA', 'two')]
    const clock = manualClock()
    const { show } = tokenDoor(jwt({ ...ROUTINE, algorithm: 'EdDSA', jwksFile: fileOf(known.jwk), clock }), clock)
    for (const kid of ['one', 'two', '../one', '/dev/null', undefined]) {
      expect(await show(await tokenBy(stranger.privateKey, 'EdDSA', {}, kid))).toMatchObject(NEEDS_AUTH)
    }
    expect(await secretDoor().show(await tokenBy(bytes(`${SECRET}!`), 'HS256'))).toMatchObject(NEEDS_AUTH)
  })

  test('of which a part is gone, or was changed, is none', async () => {
    const { show, sign } = secretDoor()
    const token = await sign()
    const [head = '', body = '', signature = ''] = token.split('.')
    const other = Buffer.from(JSON.stringify({ iss: ISSUER, aud: AUDIENCE, sub: 'eve', exp: NOW_S + 600 }))
    const broken = [
      ...[1, 10, 20, 42, 43, 44, 60, 100].map((count) => token.slice(0, -count)),
      `${head}.${other.toString('base64url')}.${signature}`,
      `${head}.${body}.`,
      `${head}..${signature}`,
      `.${body}.${signature}`,
      `${head}.${body}`,
      `${token}.${signature}`,
      '...',
      '.',
      'x',
      'x'.repeat(16_000),
      'x'.repeat(64_000),
    ]
    for (const one of broken) expect(await show(one)).toMatchObject(NEEDS_AUTH)
  })

  test('stands for whom the host says, or for nobody', async () => {
    const { show, sign, known } = secretDoor({
      principal: ({ sub, scope }) => (sub === 'anna' ? Object.assign({ id: 'team' }, { scope }) : undefined),
    })
    expect((await show(await sign({ scope: 'read' }))).status).toBe(200)
    expect(known).toEqual([{ id: 'team', scope: 'read', expiresAt: (NOW_S + 600) * 1000 + 5000 }])
    expect(await show(await sign({ sub: 'ben' }))).toMatchObject(NEEDS_AUTH)
  })

  test('that is missing is asked for', async () => {
    const { show } = secretDoor()
    for (const token of [undefined, '']) expect(await show(token)).toMatchObject(NEEDS_AUTH)
  })

  test('closes its socket with needs_auth when it has expired', async () => {
    const clock = manualClock()
    const authenticate = jwt({ ...ROUTINE, algorithm: 'HS256', secret: SECRET, clock })
    const { peer, connect } = await socketWorld({ clock, authenticate })
    const token = await tokenBy(bytes(SECRET), 'HS256', { exp: NOW_S + 30 })
    const open = await peer(token)
    clock.advance(34_999)
    await open.beat()
    clock.advance(1)
    expect(await open.end()).toMatchObject({ code: CLOSE_CODES.needs_auth, refusal: { code: 'needs_auth' } })
    const late = await connect()
    late.say({ kind: 'hello', token })
    expect(await late.end()).toMatchObject({ code: CLOSE_CODES.needs_auth, refusal: { code: 'needs_auth' } })
  })
})

describe('keys at a URL', () => {
  test('are fetched once, and again for a key that is new', async () => {
    const [first, second] = [await keyPair('EdDSA', 'one'), await keyPair('EdDSA', 'two')]
    const { shown, show } = await remoteDoor({ jwksCooldownMs: 0 })
    shown.keys = [first.jwk]
    expect((await show(await tokenBy(first.privateKey, 'EdDSA', {}, 'one'))).status).toBe(200)
    expect((await show(await tokenBy(first.privateKey, 'EdDSA', {}, 'one'))).status).toBe(200)
    expect(shown.fetched).toBe(1)
    shown.keys = [second.jwk]
    expect((await show(await tokenBy(second.privateKey, 'EdDSA', {}, 'two'))).status).toBe(200)
    expect(await show(await tokenBy(first.privateKey, 'EdDSA', {}, 'one'))).toMatchObject(NEEDS_AUTH)
  })

  test('are not fetched by whoever makes up names of keys', async () => {
    const { privateKey, jwk } = await keyPair('EdDSA', 'one')
    const { shown, show } = await remoteDoor()
    shown.keys = [jwk]
    for (const kid of ['a', 'b', 'c', 'd']) {
      expect(await show(await tokenBy(privateKey, 'EdDSA', {}, kid))).toMatchObject(NEEDS_AUTH)
    }
    expect(shown.fetched).toBe(1)
  })

  test('that cannot be had are no reason to refuse a token', async () => {
    const { privateKey, jwk } = await keyPair('EdDSA', 'one')
    const { shown, show, http } = await remoteDoor()
    const token = await tokenBy(privateKey, 'EdDSA', {}, 'one')
    shown.keys = undefined
    expect(await show(token)).toMatchObject({ status: 503, code: 'unavailable' })
    shown.keys = [jwk]
    expect((await show(token)).status).toBe(200)
    const elsewhere = await remoteDoor()
    http.close()
    elsewhere.http.close()
    elsewhere.http.closeAllConnections()
    expect(await elsewhere.show(token)).toMatchObject({ status: 503, code: 'unavailable' })
    expect(elsewhere.said.join('\n')).toContain('ECONNREFUSED')
  })

  test('that cannot be had are told to the host with where and why, and to nobody else', async () => {
    const { privateKey } = await keyPair('EdDSA', 'one')
    const { shown, url } = await issuer()
    shown.keys = undefined
    const authenticate = jwt({ ...ROUTINE, algorithm: 'EdDSA', jwksUrl: `${url}?secret`, clock: manualClock() })
    const authorization = `Bearer ${await tokenBy(privateKey, 'EdDSA', {}, 'one')}`
    const asked = authenticate(new Request('http://localhost', { headers: { authorization } }))
    const told = `${url.replace('http://', '')} cannot be had: Expected 200 OK`
    await expect(asked).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(told) })
    await expect(asked).rejects.not.toThrow('secret')

    const door = tokenDoor(authenticate)
    const shows = await door.show(authorization.slice('Bearer '.length))
    expect(door.said.join('\n')).toContain(told)
    expect(shows).toMatchObject({ status: 503, message: 'The keys that tokens are checked with cannot be had.' })
  })
})

describe('options', () => {
  const right = { ...ROUTINE, algorithm: 'HS256', secret: SECRET }
  const pair = { ...right, algorithm: 'RS256', secret: undefined }
  const wrong: readonly (readonly [what: string, options: unknown])[] = [
    ['that are none', 'HS256'],
    ['without an algorithm', { ...right, algorithm: undefined }],
    ['with an algorithm that is not taken', { ...right, algorithm: 'none' }],
    ['with several algorithms', { ...right, algorithm: ['HS256'] }],
    ['with a short secret', { ...right, secret: SECRET.slice(0, 31) }],
    ['with a short secret in bytes', { ...right, secret: new Uint8Array(31) }],
    ['without a secret', { ...right, secret: undefined }],
    ['with a secret for a key pair', { ...right, algorithm: 'RS256' }],
    ['with keys for a secret', { ...right, jwksUrl: 'https://issuer.example/keys' }],
    ['with keys alone for a secret', { ...right, secret: undefined, jwksFile: 'keys.json' }],
    ['with two places for keys', { ...pair, jwksUrl: 'https://issuer.example/keys', jwksFile: 'keys.json' }],
    ['with keys over a way that others can change', { ...pair, jwksUrl: 'http://issuer.example/keys' }],
    ['with a URL that is none', { ...pair, jwksUrl: 'issuer.example' }],
    ['with a file that is not there', { ...pair, jwksFile: '/nowhere/keys.json' }],
    ['without an issuer', { ...right, issuer: '' }],
    ['without an audience', { ...right, audience: undefined }],
    ['with a tolerance that is none', { ...right, clockToleranceMs: -1 }],
    ['with another that there is not', { ...right, [SECRET]: true }],
  ]
  test.each(wrong)('%s are refused, and no secret is shown', (_, options) => {
    let thrown: unknown
    try {
      jwt(options as JwtOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'invalid_options', fix: expect.any(String) })
    expect(JSON.stringify([String(thrown), thrown])).not.toContain(SECRET.slice(0, 31))
  })

  test('with a file that holds no public keys are refused, and nothing of it is shown', async () => {
    const { privateKey } = await keyPair('RS256', 'one')
    const secret = await exportJWK(privateKey)
    const folder = temporaryFolder()
    const contents = [
      '',
      'SECRET',
      '{"SECRET',
      '[]',
      '{"keys":[]}',
      '{"keys":["SECRET"]}',
      '{"keys":[{"kty":"oct","k":"SECRET"}]}',
    ]
    for (const text of [...contents, JSON.stringify({ keys: [secret] })]) {
      const jwksFile = join(folder, 'keys.json')
      writeFileSync(jwksFile, text)
      let message = ''
      try {
        jwt({ ...ROUTINE, algorithm: 'RS256', jwksFile })
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_options' })
        message = String(error)
      }
      expect(message).toMatch(/Expected/)
      expect(message).not.toContain('SECRET')
    }
  })
})
