import { type HostileRequest, OPERATIONS, allAnswered, request } from './hostile-case.ts'

const HEAD = `POST ${OPERATIONS} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer mallory\r\ncontent-type: application/json\r\n`
const GET = 'GET /health HTTP/1.1\r\nhost: localhost\r\n'
const LAST = `${GET}connection: close\r\n\r\n`

/** Bytes that are no HTTP, or that two readers would read differently. */
export const hostileWires: readonly HostileRequest[] = [
  ...allAnswered('400 bad_request', {
    'an empty line and garbage': '\r\n\r\ngarbage\r\n\r\n',
    'a greeting of another protocol': 'EHLO mallory\r\n',
    'the beginning of TLS': Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'zero bytes': Buffer.alloc(100),
    'bytes of all kinds': Buffer.from(Array.from({ length: 256 }, (_, at) => at)),
    'HTTP/0.9': 'GET /health\r\n\r\n',
    'HTTP/9.9': 'GET /health HTTP/9.9\r\nhost: localhost\r\n\r\n',
    'a method that nobody knows': 'HACK /health HTTP/1.1\r\nhost: localhost\r\n\r\n',
    'a method in small letters': 'get /health HTTP/1.1\r\nhost: localhost\r\n\r\n',
    'no host': 'GET /health HTTP/1.1\r\nconnection: close\r\n\r\n',
    'an empty host': 'GET /health HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n',
    'a host that is none': 'GET /health HTTP/1.1\r\nhost: a b@c/d?e\r\nconnection: close\r\n\r\n',
    'a host with a path': 'GET /health HTTP/1.1\r\nhost: localhost/x\r\nconnection: close\r\n\r\n',
    'a space before the colon': `${GET}x-y : 1\r\n\r\n`,
    'a header without a name': `${GET}: 1\r\n\r\n`,
    'a header without a colon': `${GET}nonsense\r\n\r\n`,
    'a folded header': `${GET}x-y: 1\r\n 2\r\n\r\n`,
    'a lone carriage return in a header': `${GET}x-y: 1\r2\r\n\r\n`,
    'a zero byte in a header': `${GET}x-y: \u0000\r\n\r\n`,
    'a negative length': `${HEAD}content-length: -1\r\n\r\n`,
    'a length with a sign': `${HEAD}content-length: +2\r\n\r\n{}`,
    'a hexadecimal length': `${HEAD}content-length: 0x2\r\n\r\n{}`,
    'a length that is no number': `${HEAD}content-length: two\r\n\r\n{}`,
    'a length beyond all numbers': `${HEAD}content-length: 99999999999999999999\r\n\r\n`,
    'two lengths': `${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
    'two lengths in one': `${HEAD}content-length: 2, 2\r\n\r\n{}`,
    'a length and chunks': `${HEAD}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n`,
    'chunks and a length': `${HEAD}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`,
    'chunks that are something else too': `${HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    'chunks by nearly their name': `${HEAD}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  }),
  ...allAnswered('400 bad_request', {
    'a length that leaves half of the body': `${HEAD}content-length: 1\r\n\r\n{}`,
    'garbage right after a request': `${GET}\r\n\u0001garbage\r\n\r\n`,
    'a URL of another scheme in the first line':
      'GET ftp://localhost/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    'an asterisk in the first line': 'OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    'a chunk with a length that is none': `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    'a chunk with a negative length': `${HEAD}transfer-encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n`,
    'a chunk with a length beyond all numbers': `${HEAD}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n`,
    'a chunk that is longer than it says': `${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`,
  }),
  ...allAnswered('413 bad_request', {
    'a chunk with 20 kB beside its length': `${HEAD}transfer-encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
  }),
  ...allAnswered('400 bad_message', {
    'an empty body in chunks': `${HEAD}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  }),
  {
    name: 'requests on top of each other',
    expected: '200 ok, 404 bad_request, 200 ok',
    sending: { bytes: `${GET}\r\nGET /x HTTP/1.1\r\nhost: localhost\r\n\r\n${LAST}` },
  },
  {
    name: 'fifty requests on top of each other',
    expected: Array.from({ length: 51 }, () => '200 ok').join(', '),
    sending: { bytes: `${GET}\r\n`.repeat(50) + LAST },
  },
  {
    name: 'a whole URL in the first line',
    expected: '200 ok',
    sending: { bytes: 'GET http://attacker.example/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n' },
  },
  { name: 'HTTP/1.0', expected: '200 ok', sending: { bytes: 'GET /health HTTP/1.0\r\nhost: localhost\r\n\r\n' } },
  {
    name: 'a switch to another protocol',
    expected: '404 bad_request',
    sending: { bytes: request({ path: '/x', headers: { connection: 'close, upgrade', upgrade: 'h2c' } }) },
  },
  { name: 'nothing, and half closed', expected: '', sending: { bytes: '', hangUp: 'half' } },
  { name: 'half a head, and half closed', expected: '400 bad_request', sending: { bytes: GET, hangUp: 'half' } },
  {
    name: 'half a body, and half closed',
    expected: '400 bad_request',
    sending: { bytes: `${HEAD}content-length: 100\r\n\r\n{"v":1`, hangUp: 'half' },
  },
  {
    name: 'half a chunk, and half closed',
    expected: '400 bad_request',
    sending: { bytes: `${HEAD}transfer-encoding: chunked\r\n\r\n64\r\n{"v":1`, hangUp: 'half' },
  },
  { name: 'half a head, and gone', expected: '', sending: { bytes: GET, hangUp: 'reset' } },
  {
    name: 'half a body, and gone',
    expected: '',
    sending: { bytes: `${HEAD}content-length: 100\r\n\r\n{"v":1`, hangUp: 'reset' },
  },
]

/** Connections that keep a server waiting: to be sent where it waits a second, not minutes. */
export const slowWires: readonly HostileRequest[] = [
  ...allAnswered('408 unavailable', {
    'a connection that says nothing': '',
    'a head that never ends': GET,
    'a head that drips': { bytes: GET, drip: { bytes: 'x-slow: '.repeat(10), everyMs: 50 } },
    'a body that never comes': `${HEAD}content-length: 100\r\n\r\n`,
    'a body that stays half': `${HEAD}content-length: 100\r\n\r\n{"v":1`,
    'a body that drips': { bytes: `${HEAD}content-length: 100\r\n\r\n`, drip: { bytes: ' '.repeat(90), everyMs: 50 } },
    'chunks that never end': `${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`,
    'chunks that drip': {
      bytes: `${HEAD}transfer-encoding: chunked\r\n\r\n`,
      drip: { bytes: '1\r\n \r\n'.repeat(15), everyMs: 50 },
    },
  }),
]
