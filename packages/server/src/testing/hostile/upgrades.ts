import { type HostileTalk, type RequestParts, request } from './hostile-case.ts'
import { PING, UPGRADE_HEADERS, piecesOf } from './talks.ts'

/** What opens a socket, with something else in it. */
const upgrade = ({ path = '/v1/socket', headers = {}, method = 'GET' }: RequestParts = {}): Uint8Array =>
  request({ method, path, headers: { ...UPGRADE_HEADERS, ...headers } })

const PATHS: readonly string[] = [
  '/',
  '/v1',
  '/v1/socket/',
  '/v1/sockets',
  '/v1/Socket',
  '/V1/SOCKET',
  '/v2/socket',
  '/v1/socket/more',
  '/v1/socket;x',
  '/v1%2fsocket',
  '/v1/%73ocket',
  '/v1/socket%00',
  '/v1/spaces/stories/operations',
  '/health',
  '/?/v1/socket',
  '/x#/v1/socket',
  '/.env',
]

const ORIGINS: readonly string[] = [
  'null',
  '*',
  'https://attacker.example',
  'http://app.example',
  'https://app.example:8443',
  'https://app.example.attacker.example',
  'https://attacker-app.example',
  'https://attackerapp.example',
  'https://sub.app.example',
  'https://app.example.',
  'https://APP.example',
  'https://app.example/',
  'https://app.example@attacker.example',
  'https://attacker.example/https://app.example',
  'https://app.example, https://attacker.example',
  'https://аpp.example',
  'https://xn--pp-6kc.example',
  'file://',
  'chrome-extension://abcdef',
  'http://localhost',
  'http://127.0.0.1',
  'app.example',
]

const KEYS: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  'an empty one': '',
  'a short one': 'c2hvcnQ=',
  'a long one': 'dGhlIHNhbXBsZSBub25jZSB0aGF0IGlzIGxvbmc=',
  'one without its end': 'dGhlIHNhbXBsZSBub25jZQ',
  'one of other letters': 'dGhlIHNhbXBsZSBub25-_Q==',
  'two of them': 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==',
  'one of 4 kB': 'A'.repeat(4096),
}

const VERSIONS: readonly (string | undefined)[] = [
  undefined,
  '',
  '0',
  '7',
  '12',
  '14',
  '99',
  '-13',
  'x',
  '13, 8',
  '1313',
]

const PROTOCOLS: readonly (string | undefined)[] = [
  undefined,
  '',
  'whisker',
  'whisker.v0',
  'whisker.v2',
  'whisker.v11',
  'WHISKER.V1',
  'whisker.v1.x',
  'x-whisker.v1',
  'whisker.v1;q=1',
  'graphql-ws, mqtt',
  Array.from({ length: 500 }, (_, at) => `p${at}`).join(', '),
]

const PROTOCOL_LISTS: readonly string[] = [
  'whisker.v1, whisker.v1',
  'whisker.v1, ,x',
  ',whisker.v1',
  'whisker.v1,',
  'whisker.v1, a b',
  'whisker.v1, "x"',
]

const METHODS: readonly string[] = ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE', 'QUERY', 'PROPFIND']

const HOSTS: readonly (string | undefined)[] = [
  undefined,
  '',
  'a b',
  'localhost/x',
  'user@localhost',
  'localhost:port',
  'localhost:123456',
  '[::1',
  'lo?calhost',
  'lo#calhost',
  '%00',
]

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'y'.repeat(20)]))

const refused = (check: string, table: Readonly<Record<string, RequestParts>>): readonly HostileTalk[] =>
  Object.entries(table).map(([name, parts]) => ({
    name: `a socket with ${name}`,
    kind: 'upgrade',
    check,
    talk: { upgrade: upgrade(parts), pieces: [] },
  }))

const each = (
  what: string,
  values: readonly (string | undefined)[],
  parts: (value: string | undefined) => RequestParts,
): Record<string, RequestParts> =>
  Object.fromEntries(values.map((value) => [`${what} ${value?.slice(0, 40) ?? 'left out'}`, parts(value)]))

const header =
  (name: string) =>
  (value: string | undefined): RequestParts => ({ headers: { [name]: value } })

/** Requests that should open a socket, with one thing wrong. */
export function hostileUpgrades(): readonly HostileTalk[] {
  return [
    ...refused(
      'upgrade_path',
      each('the path', PATHS, (path = '') => ({ path })),
    ),
    ...refused('upgrade_origin', each('the origin', ORIGINS, header('origin'))),
    ...refused(
      'upgrade_key',
      Object.fromEntries(
        Object.entries(KEYS).map(([name, key]) => [`a key that is ${name}`, { headers: { 'sec-websocket-key': key } }]),
      ),
    ),
    ...refused('upgrade_version', each('the version', VERSIONS, header('sec-websocket-version'))),
    ...refused('upgrade_protocol', each('the protocol', PROTOCOLS, header('sec-websocket-protocol'))),
    ...refused('upgrade_protocols', each('the protocols', PROTOCOL_LISTS, header('sec-websocket-protocol'))),
    ...refused(
      'upgrade_method',
      each('the method', METHODS, (method = '') => ({ method })),
    ),
    ...refused('upgrade_host', each('the host', HOSTS, header('host'))),
    ...refused('token_in_url', {
      'a token in its URL': { path: '/v1/socket?token=anna' },
      'an access token in its URL': { path: '/v1/socket?access_token=anna' },
      'an escaped token in its URL': { path: '/v1/socket?%74oken=anna' },
      'an empty token in its URL': { path: '/v1/socket?x=1&token' },
    }),
    ...refused('headers_size', {
      'a header of 64 kB': { headers: { 'x-long': 'x'.repeat(65_536) } },
      'a key of 64 kB': { headers: { 'sec-websocket-key': 'x'.repeat(65_536) } },
      'protocols of 64 kB': { headers: { 'sec-websocket-protocol': `whisker.v1${', x'.repeat(20_000)}` } },
      'two thousand headers': { headers: many(2000) },
      'a path of 64 kB': { path: `/v1/socket?${'x'.repeat(65_536)}` },
    }),
    ...['13.0', '0x0d', '8'].map((version): HostileTalk => ({
      name: `a socket with the version ${version}, which is read as one that is known`,
      kind: 'upgrade',
      check: 'none',
      talk: {
        upgrade: upgrade({ headers: { 'sec-websocket-version': version } }),
        pieces: [...piecesOf('["hello","mallory"]'), PING],
      },
    })),
    ...slowUpgrades(),
  ]
}

const HALF = 'GET /v1/socket HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n'

/** To be sent where the server waits less than a second. */
const slowUpgrades = (): readonly HostileTalk[] =>
  ['', 'GET /v1/so', HALF, `${HALF}sec-websocket-version: 13\r\nx-`].map((text) => ({
    name: `a socket whose request stops after ${text.length} bytes`,
    kind: 'upgrade',
    check: 'http_time',
    port: 'hasty',
    talk: { upgrade: Buffer.from(text), pieces: [] },
  }))
