import { deflateRawSync } from 'node:zlib'
import type { HostileTalk } from './hostile-case.ts'
import { PING, type Sent, UPGRADE, allHarmless, allRefused, allRefusedBefore, inBytes, piecesOf } from './talks.ts'
import { OPCODES, closeFrame, frame } from './web-socket-frames.ts'

const { continuation, text, bytes, close, ping, pong } = OPCODES
const MEBIBYTE = 1024 * 1024

/** A message in parts, the first of which says what it is. */
const parts = (...payloads: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    payloads.map((payload, at) =>
      frame({ opcode: at === 0 ? text : continuation, isLast: at === payloads.length - 1, payload }),
    ),
  )

const each = <T>(values: readonly T[], entry: (value: T) => readonly [string, Sent]): Record<string, Sent> =>
  Object.fromEntries(values.map(entry))

const hex = (sequence: readonly number[]): string =>
  sequence.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

/** Frames that the protocol of WebSockets does not have: RFC 6455, section 5. */
const WRONG_FRAMES: Readonly<Record<string, Sent>> = {
  'a text that is not masked': frame({ payload: '["ping"]', isMasked: false }),
  'a ping that is not masked': frame({ opcode: ping, isMasked: false }),
  'a close that is not masked': frame({ opcode: close, isMasked: false }),
  'a part that is not masked': [
    frame({ payload: '["pi', isLast: false }),
    frame({ opcode: continuation, payload: 'ng"]', isMasked: false }),
  ],
  ...each(
    [1, 2, 3, 4, 5, 6, 7].flatMap((reserved) =>
      [continuation, text, bytes, close, ping, pong].map((opcode) => ({ reserved, opcode })),
    ),
    ({ reserved, opcode }) => [
      `opcode ${opcode} with the reserved bits ${reserved}`,
      frame({ opcode, reserved, payload: 'xx' }),
    ],
  ),
  ...each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15], (opcode) => [
    `the opcode ${opcode}`,
    frame({ opcode, payload: '["ping"]' }),
  ]),
  ...each([3, 7, 11, 15], (opcode) => [`the opcode ${opcode} without anything`, frame({ opcode })]),
  ...each([close, ping, pong], (opcode) => [`a part of a control frame ${opcode}`, frame({ opcode, isLast: false })]),
  ...each([close, ping, pong], (opcode) => [
    `126 bytes in a control frame ${opcode}`,
    frame({ opcode, payload: 'x'.repeat(126) }),
  ]),
  ...each([close, ping, pong], (opcode) => [
    `a length of 64 bits in a control frame ${opcode}`,
    frame({ opcode, lengthBits: 64 }),
  ]),
  'a continuation of nothing': frame({ opcode: continuation, payload: '["ping"]' }),
  'a continuation of nothing that goes on': frame({ opcode: continuation, isLast: false }),
  'a continuation of what is over': [parts('["po', 'ng"]'), frame({ opcode: continuation, payload: 'x' })],
  'a text in a text': [frame({ payload: '["pi', isLast: false }), frame({ payload: 'ng"]' })],
  'bytes in a text': [frame({ payload: '["pi', isLast: false }), frame({ opcode: bytes, payload: 'ng"]' })],
  'a text in bytes': [frame({ opcode: bytes, isLast: false }), frame({ payload: '["ping"]' })],
  'a close of one byte': frame({ opcode: close, payload: Buffer.from([3]) }),
  ...each([0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 65_535], (code) => [
    `a close with the code ${code}`,
    closeFrame(code),
  ]),
  'a compressed message': frame({ reserved: 4, payload: deflateRawSync('["ping"]') }),
  'a compressed bomb': frame({ reserved: 4, payload: deflateRawSync(Buffer.alloc(10 * MEBIBYTE, ' ')) }),
  'a compressed part': [
    frame({ payload: '["pi', isLast: false }),
    frame({ opcode: continuation, reserved: 4, payload: deflateRawSync('ng"]') }),
  ],
  'a request in place of a frame': Buffer.from('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  'the beginning of TLS': Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  'zero bytes': Buffer.alloc(100),
  'bytes that are all ones': Buffer.alloc(100, 0xff),
}

/** What UTF-8 does not have: RFC 3629. */
const NO_UTF8: readonly (readonly number[])[] = [
  [0x80],
  [0xbf],
  [0xc0, 0x80],
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xc3],
  [0xc3, 0x28],
  [0xe0, 0x80, 0xaf],
  [0xe0, 0x9f, 0xbf],
  [0xe2, 0x82],
  [0xe2, 0x28, 0xa1],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf0, 0x9f, 0x98],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
]

const around = (sequence: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from('["hello","'), Buffer.from(sequence), Buffer.from('"]')])

const WRONG_TEXTS: Readonly<Record<string, Sent>> = {
  ...each(NO_UTF8, (sequence) => [`a text with ${hex(sequence)}`, frame({ payload: around(sequence) })]),
  ...each(NO_UTF8, (sequence) => [
    `a text in parts with ${hex(sequence)}`,
    parts(around(sequence).subarray(0, 11), around(sequence).subarray(11)),
  ]),
  ...each(NO_UTF8, (sequence) => [`a close that says ${hex(sequence)}`, closeFrame(1000, Buffer.from(sequence))]),
  'a text masked with something else': frame({ payload: '["ping"]', maskedWith: [0xff, 0xff, 0xff, 0xff] }),
  'a text that is not masked and says that it is': frame({ payload: '["ping"]', maskedWith: [0, 0, 0, 0] }),
}

const mostBytes = 4 * MEBIBYTE + 256

const TOO_LARGE: Readonly<Record<string, Sent>> = {
  ...each(
    [2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 32n, 2n ** 31n, 2n ** 40n, BigInt(mostBytes + 1)],
    (length) => [`a text that says it has ${length} bytes`, frame({ payload: '["ping"]', lengthBits: 64, length })],
  ),
  ...each([2n ** 53n, 2n ** 63n, BigInt(mostBytes + 1)], (length) => [
    `a part that says it has ${length} bytes`,
    [frame({ payload: '["pi', isLast: false }), frame({ opcode: continuation, lengthBits: 64, length })],
  ]),
  ...each([2n ** 53n, 2n ** 64n - 1n], (length) => [
    `bytes that say they are ${length}`,
    frame({ opcode: bytes, lengthBits: 64, length }),
  ]),
  'a text of one byte more than a message has': frame({ payload: ' '.repeat(mostBytes + 1) }),
  'parts of one byte more than a message has': parts(
    ...Array.from({ length: 4 }, () => ' '.repeat(MEBIBYTE)),
    ' '.repeat(257),
  ),
}

const TOO_MANY_PARTS: Readonly<Record<string, Sent>> = {
  'parts without end': parts(...Array.from({ length: 1026 }, () => ' ')),
  'empty parts without end': parts(...Array.from({ length: 1026 }, () => '')),
  'parts without end, and pings between them': Array.from({ length: 1026 }, (_, at) =>
    Buffer.concat([frame({ opcode: at === 0 ? text : continuation, isLast: false }), frame({ opcode: pong })]),
  ),
}

/** Half a frame, and then nothing more: what is not whole is not taken. */
const HALVES: Readonly<Record<string, Sent>> = {
  nothing: [],
  ...each([1, 2, 3, 5, 6, 7, 10, 13], (end) => [`a frame cut at ${end}`, PING.subarray(0, end)]),
  ...each([1, 3, 4, 8], (end) => [
    `a frame with a length of 16 bits cut at ${end}`,
    frame({ payload: 'x'.repeat(200) }).subarray(0, end),
  ]),
  ...each([1, 9, 10, 14, 20], (end) => [
    `a frame with a length of 64 bits cut at ${end}`,
    frame({ payload: 'x'.repeat(200), lengthBits: 64 }).subarray(0, end),
  ]),
  'a text that says it is longer': frame({ payload: '["ping"]', length: 100n }),
  'the first part of a message': frame({ payload: '["ping"]', isLast: false }),
  'half a ping': frame({ opcode: ping, payload: 'x'.repeat(100) }).subarray(0, 50),
  'half a close': closeFrame(1000, 'x').subarray(0, 7),
}

/** Unusual, and allowed. */
const ALLOWED: Readonly<Record<string, Sent>> = {
  'a message in parts of nothing': parts('', '', '["ping"]', ''),
  'a message in single bytes': parts(...Array.from('["ping"]')),
  'a ping between the parts of a message': [
    frame({ payload: '["pi', isLast: false }),
    frame({ opcode: pong }),
    frame({ opcode: continuation, payload: 'ng"]' }),
  ],
  'a pong that nobody asked for': frame({ opcode: pong, payload: 'x'.repeat(125) }),
  'a length that is written longer than it has to be': frame({ payload: '["pong"]', lengthBits: 64 }),
}

const BYTES: Readonly<Record<string, Sent>> = {
  'a message of bytes': frame({ opcode: bytes, payload: '["ping"]' }),
  'no bytes': frame({ opcode: bytes }),
  'bytes in parts': [
    frame({ opcode: bytes, isLast: false, payload: '["pi' }),
    frame({ opcode: continuation, payload: 'ng"]' }),
  ],
}

/** What is no WebSocket, whole, byte by byte, from somebody who is known, and from somebody who is not. */
export function hostileFrames(): readonly HostileTalk[] {
  const small = Object.fromEntries(Object.entries(WRONG_FRAMES).filter(([, sent]) => sizeOf(sent) <= 64))
  return [
    ...allRefused('frame', WRONG_FRAMES),
    ...allRefused('frame', byteByByte(small)),
    ...allRefusedBefore('frame', small),
    ...allRefused('frame_text', WRONG_TEXTS),
    ...allRefused('frame_text', byteByByte(WRONG_TEXTS)),
    ...allRefused('frame_size', TOO_LARGE),
    ...allRefused('frame_parts', TOO_MANY_PARTS),
    ...allRefused('frame_bytes', BYTES),
    ...allRefused('gone_halfway', HALVES).map((one) => ({ ...one, talk: { ...one.talk, hangUp: 'half' as const } })),
    ...allHarmless(ALLOWED),
    ...allHarmless(byteByByte({ 'a ping': PING })),
    {
      name: 'a hello and a ping with the request that opens the socket, byte by byte',
      kind: 'frame',
      check: 'none',
      talk: { upgrade: new Uint8Array(), pieces: inBytes([UPGRADE, ...piecesOf('["hello","mallory"]'), PING]) },
    },
  ]
}

const sizeOf = (sent: Sent): number => piecesOf(sent).reduce((sum, piece) => sum + piece.length, 0)

const byteByByte = (table: Readonly<Record<string, Sent>>): Record<string, Sent> =>
  Object.fromEntries(Object.entries(table).map(([name, sent]) => [`${name}, byte by byte`, inBytes(sent)]))
