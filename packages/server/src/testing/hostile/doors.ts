import type { TestClient } from '../test-client.ts'
import { type HostileRequest, OPERATIONS, VERSION, allAnswered, post, request } from './hostile-case.ts'
import { emptyPush, pullParameters } from './pushes.ts'

/** Routes of a space, by what one asks them with. */
const ROUTES: readonly (readonly [method: string, route: string])[] = [
  ['GET', 'version'],
  ['HEAD', 'version'],
  ['GET', 'operations'],
  ['POST', 'operations'],
  ['GET', 'devices'],
  ['DELETE', `devices/${'d'.repeat(22)}`],
]

export const TOKENS: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  'an empty one': '',
  'no token': 'Bearer',
  'a stale one': 'Bearer stale',
  'another scheme': 'Basic bWFsbG9yeTptYWxsb3J5',
  'a token with more behind it': 'Bearer mallory anna',
  'two tokens': 'Bearer anna, Bearer mallory',
  'a token that is a path': 'Bearer ../anna',
  'a token of 8 kB': `Bearer ${'x'.repeat(8000)}!`,
  'a token without algorithm': 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.',
}

/** The answer to a HEAD has no body, so no code. */
const shownTo = (method: string, outcome: string): string =>
  method === 'HEAD' ? (outcome.split(' ')[0] ?? '') : outcome

/** Nobody, or somebody else, at every door. */
export function strangers(mallory: TestClient): readonly HostileRequest[] {
  const body = JSON.stringify(emptyPush(mallory))
  const ask = (method: string, space: string, route: string, headers = {}): Uint8Array =>
    request({ method, path: `/v1/spaces/${space}/${route}`, headers, ...(method === 'POST' && { body }) })
  return ROUTES.flatMap(([method, route]) => [
    ...Object.entries(TOKENS).map(([name, authorization]): HostileRequest => ({
      name: `${method} ${route} with ${name}`,
      sending: { bytes: ask(method, 'stories', route, { authorization }) },
      expected: shownTo(method, '401 needs_auth'),
    })),
    ...['diary', 'garden', 'nowhere', '__proto__', 'constructor', 'STORIES', 'stories.', 'x'.repeat(128)].map(
      (space): HostileRequest => ({
        name: `${method} ${route} of the space ${space.slice(0, 20)}`,
        sending: { bytes: ask(method, space, route) },
        expected: shownTo(method, '403 forbidden'),
      }),
    ),
  ])
}

/** Spaces that are no names, as they stand in a path. */
const NO_NAMES: readonly string[] = [
  '..%2f..%2fetc',
  '%2e%2e%2f',
  '%00',
  'stories%00',
  '%ff',
  '%',
  '%zz',
  '%c0%af',
  'stories%2Foperations',
  'stories%5c..',
  'stories%0d%0ax-injected:1',
  '%20stories',
  '-stories',
  '.stories',
  '~',
  'stories;drop',
  "stories'--",
  'stor*es',
  'st%C3%B6ries',
  '%E2%80%AEstories',
  'x'.repeat(129),
  'x'.repeat(8000),
]

/** Devices that are none, to be sent away by somebody who may. */
const NO_DEVICES: readonly string[] = [
  'x',
  '%00',
  '%ff',
  '..%2f',
  '__proto__',
  "'%20or%201=1--",
  'd'.repeat(22),
  'x'.repeat(8000),
]

/** Paths that lead nowhere, as they stand in the first line. */
const NO_PATHS: readonly string[] = [
  '/',
  '//',
  '/v1',
  '/v1/',
  '/v2/spaces/stories/version',
  '/V1/spaces/stories/version',
  '/v1/spaces',
  '/v1/spaces//version',
  '/v1/spaces/stories',
  '/v1/spaces/stories/',
  '/v1/spaces/stories/version/',
  '/v1/spaces/stories/Version',
  '/v1/spaces/stories/version/more',
  '/v1/spaces/../version',
  '/v1/spaces/%2e%2e/version',
  '/v1/spaces/%2e/version',
  '/v1//spaces/stories/version',
  '/../../etc/passwd',
  '/health/',
  '/.env',
  '/metrics',
  '/admin',
  '/index.html',
]

const METHODS: readonly string[] = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'PURGE']

const DEVICES = '/v1/spaces/stories/devices'

/** Paths and methods that the server does not know, and names that are none. */
export const nowhere: readonly HostileRequest[] = [
  ...NO_NAMES.map((space): HostileRequest => ({
    name: `the space ${space.slice(0, 40)}`,
    sending: { bytes: request({ path: `/v1/spaces/${space}/version` }) },
    expected: '400 bad_request',
  })),
  ...NO_PATHS.map((path): HostileRequest => ({
    name: `the path ${path}`,
    sending: { bytes: request({ path }) },
    expected: '404 bad_request',
  })),
  ...NO_DEVICES.map((device): HostileRequest => ({
    name: `the device ${device.slice(0, 40)}`,
    sending: {
      bytes: request({ method: 'DELETE', path: `${DEVICES}/${device}`, headers: { authorization: 'Bearer anna' } }),
    },
    expected: '404 bad_request',
  })),
  ...METHODS.flatMap((method) =>
    ['/health', VERSION, OPERATIONS, DEVICES].map((path): HostileRequest => ({
      name: `${method} ${path}`,
      sending: { bytes: request({ method, path }) },
      expected: '405 bad_request',
    })),
  ),
  ...allAnswered('405 bad_request', {
    'a POST of a version': request({ method: 'POST', path: VERSION, body: '{}' }),
    'a POST to health': request({ method: 'POST', path: '/health', body: '{}' }),
    'another method named in a header': request({
      method: 'PUT',
      path: OPERATIONS,
      headers: { 'x-http-method-override': 'POST' },
    }),
    'the way to another server': 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n',
  }),
  ...allAnswered('400 bad_request', {
    'a token in the URL': request({ path: `${VERSION}?token=anna` }),
    'a token in the URL and nowhere else': request({
      path: `${VERSION}?access_token=anna`,
      headers: { authorization: undefined },
    }),
    'an escaped token in the URL': request({ path: `${VERSION}?%74oken=anna` }),
    'a token in the URL of a pull': request({ path: `${OPERATIONS}?v=1&token=` }),
    'a token in the URL of a push': request({ method: 'POST', path: `${OPERATIONS}?token=anna`, body: '{}' }),
  }),
  {
    name: 'a path that goes back',
    sending: { bytes: request({ path: '/v1/spaces/a/../../../health' }) },
    expected: '200 ok',
  },
  { name: 'a fragment in the path', sending: { bytes: request({ path: '/health#/../x' }) }, expected: '200 ok' },
  { name: 'a body with a GET', sending: { bytes: request({ path: '/health', body: '{"a":1}' }) }, expected: '200 ok' },
]

/** Texts that are no value of any parameter of a pull, but where `RIGHT` says so. */
const WRONG: readonly string[] = [
  'null',
  'true',
  '-1',
  '1.5',
  '1e400',
  '9007199254740992',
  '""',
  '[]',
  '{}',
  '[[]]',
  'x',
  '',
  '\ud800',
  `"${'x'.repeat(5000)}"`,
]
const RIGHT: Readonly<Record<string, readonly string[]>> = { acknowledged: ['[]'] }

type Parameters = Readonly<Record<string, string | undefined>>

/** Parameters of a pull of which one is wrong, by what is wrong. */
export const wrongParameters = (mallory: TestClient): readonly (readonly [name: string, parameters: Parameters])[] =>
  Object.keys(pullParameters(mallory)).flatMap((name) =>
    WRONG.filter((value) => !(RIGHT[name] ?? []).includes(value)).map((value) => [
      `${name}=${value.slice(0, 20)}`,
      { ...pullParameters(mallory), [name]: value },
    ]),
  )

/** Pulls with one parameter wrong, twice, or too long. */
export function hostilePulls(mallory: TestClient, anna: TestClient): readonly HostileRequest[] {
  const pull = (changes: Parameters, more: string = ''): Uint8Array => {
    const all = Object.entries({ ...pullParameters(mallory), ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    )
    return request({ path: `${OPERATIONS}?${new URLSearchParams(all).toString()}${more}` })
  }
  return [
    ...wrongParameters(mallory).map(([name, parameters]): HostileRequest => ({
      name: `a pull with ${name}`,
      sending: { bytes: pull(parameters) },
      expected: '400 bad_message',
    })),
    ...allAnswered('400 bad_message', {
      'a pull without parameters': request({ path: OPERATIONS }),
      'a pull without a version': pull({ v: undefined }),
      'a pull of version 0': pull({ v: '0' }),
      'a pull with a limit of 0': pull({ limit: '0' }),
      'a pull with a deep parameter': pull({ at: '['.repeat(5000) }),
      'a pull with a prototype': pull({ at: undefined }, '&__proto__[at]=1&__proto__=1'),
    }),
    ...allAnswered('200 ok', {
      'a pull with a parameter twice': pull({}, '&limit=0&v=2'),
      'a pull with parameters that nobody knows': pull({}, '&constructor=1&__proto__=2'),
      'a pull with all the rows there can be': pull({ limit: String(Number.MAX_SAFE_INTEGER) }),
    }),
    ...allAnswered('400 unsupported_version', { 'a pull of a later version': pull({ v: '2' }) }),
    ...allAnswered('403 wrong_principal', {
      "a pull as anna's replica": pull({ acknowledged: JSON.stringify([[anna.replica, 1]]) }),
    }),
    ...allAnswered('409 resync', {
      'a pull in an epoch that never was': pull({ at: JSON.stringify(['e'.repeat(16), 0]) }),
      'a pull that has seen more than there is': pull({ at: '[null,0,0,1]' }),
    }),
    ...allAnswered('431 bad_request', { 'a parameter of 40 kB': pull({ acknowledged: 'x'.repeat(40_000) }) }),
  ]
}

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'y']))

/** Headers as nobody honest sends them. */
export function hostileHeaders(mallory: TestClient): readonly HostileRequest[] {
  const push = JSON.stringify(emptyPush(mallory))
  return [
    ...allAnswered('431 bad_request', {
      'a header of 64 kB': request({ headers: { 'x-long': 'x'.repeat(65_536) } }),
      'a token of 64 kB': request({ headers: { authorization: `Bearer ${'x'.repeat(65_536)}` } }),
      'a header with a name of 64 kB': request({ headers: { ['x'.repeat(65_536)]: '1' } }),
      'ten thousand headers': request({ headers: many(10_000) }),
      'a path of 64 kB': request({ path: `/${'x'.repeat(65_536)}` }),
    }),
    ...allAnswered('401 needs_auth', {
      'the token twice': request({ headers: { authorization: 'Bearer mallory', Authorization: 'Bearer anna' } }),
      'the same token twice': request({
        headers: { authorization: 'Bearer mallory', AUTHORIZATION: 'Bearer mallory' },
      }),
      'a token in a cookie': request({
        headers: { authorization: undefined, cookie: 'token=anna; authorization=Bearer anna' },
      }),
      'a token for a proxy': request({ headers: { authorization: undefined, 'proxy-authorization': 'Bearer anna' } }),
      'somebody named by a proxy that is none': request({
        headers: { authorization: undefined, 'x-forwarded-user': 'anna' },
      }),
    }),
    ...allAnswered('200 ok', {
      'five hundred headers': request({ headers: many(500) }),
      'another host': request({ headers: { host: 'attacker.example' } }),
      'hosts of proxies': request({
        headers: { 'x-forwarded-host': 'attacker.example', forwarded: 'host=attacker.example' },
      }),
      'an origin elsewhere': request({ headers: { origin: 'https://attacker.example' } }),
      'an origin of nothing': request({ headers: { origin: 'null' } }),
      'another path named in a header': request({ headers: { 'x-original-url': '/admin', 'x-rewrite-url': '/admin' } }),
      ranges: request({ headers: { range: `bytes=${'0-,'.repeat(1000)}0-` } }),
      'encodings without number': request({ headers: { 'accept-encoding': 'gzip;q=0.1,'.repeat(1000) } }),
      conditions: request({ headers: { 'if-none-match': '*', 'if-modified-since': 'x' } }),
      'a push that expects leave': post(push, { expect: '100-continue' }),
      'a push that expects the impossible': post(push, { expect: 'the-impossible' }),
    }),
    ...allAnswered('403 forbidden', {
      'another space named in a header': request({
        path: '/v1/spaces/diary/version',
        headers: { 'x-space': 'stories' },
      }),
    }),
    {
      name: 'a preflight from elsewhere',
      expected: '204',
      sending: {
        bytes: request({
          method: 'OPTIONS',
          path: OPERATIONS,
          headers: { origin: 'https://attacker.example', 'access-control-request-method': 'POST' },
        }),
      },
    },
  ]
}
