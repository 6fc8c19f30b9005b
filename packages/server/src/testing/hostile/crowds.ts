import type { HostileTalk } from './hostile-case.ts'
import { PING, UPGRADE, piecesOf } from './talks.ts'
import { OPCODES, frame } from './web-socket-frames.ts'

const PULL = JSON.stringify({
  v: '1',
  at: '[null,0]',
  device: `["${'d'.repeat(22)}","x"]`,
  acknowledged: '[]',
  wait: '25000',
})

const hello = piecesOf('["hello","mallory"]')
const flood = (opcode: number, payload: string): Uint8Array =>
  Buffer.concat(Array.from({ length: 40 }, () => frame({ opcode, payload })))
const numbered = (message: (number: number) => string): readonly Uint8Array[] =>
  [1, 2, 3].flatMap((number) => piecesOf(message(number)))

/** More than a server takes: each on a server that takes next to nothing of that one thing. */
export const hostileCrowds: readonly HostileTalk[] = [
  {
    name: 'a socket more than the server takes',
    kind: 'upgrade',
    check: 'crowd',
    port: 'sockets',
    talk: { upgrade: UPGRADE, pieces: [], beside: 2, isBesideKnown: true },
  },
  {
    name: 'a socket more than an address may have',
    kind: 'upgrade',
    check: 'crowd_of_address',
    port: 'socketsPerAddress',
    talk: { upgrade: UPGRADE, pieces: [], beside: 2, isBesideKnown: true },
  },
  {
    name: 'a socket more than an address may have of which nobody knows whose they are',
    kind: 'upgrade',
    check: 'crowd_of_strangers',
    port: 'unknownPerAddress',
    talk: { upgrade: UPGRADE, pieces: [], beside: 2 },
  },
  {
    name: 'a socket more than somebody may have',
    kind: 'frame',
    check: 'crowd_of_principal',
    port: 'socketsPerPrincipal',
    talk: { upgrade: UPGRADE, pieces: hello, beside: 2, isBesideKnown: true },
  },
  {
    name: 'a hello more in a second than are looked at',
    kind: 'frame',
    check: 'admission',
    port: 'hellosPerSecond',
    talk: { upgrade: UPGRADE, pieces: hello, beside: 2, isBesideKnown: true },
  },
  {
    name: 'a subscription more than a socket may have',
    kind: 'frame',
    check: 'at_once',
    port: 'subscriptions',
    talk: {
      upgrade: UPGRADE,
      as: 'mallory',
      pieces: numbered((number) => `["subscribe",${number},"stories",${PULL}]`),
    },
  },
  {
    name: 'a request more than a socket may have',
    kind: 'frame',
    check: 'at_once',
    port: 'requests',
    talk: { upgrade: UPGRADE, as: 'mallory', pieces: numbered((number) => `["pull",${number},"stories",${PULL}]`) },
  },
  ...Object.entries({
    messages: flood(OPCODES.text, '["pong"]'),
    pings: flood(OPCODES.ping, ''),
    pongs: flood(OPCODES.pong, ''),
  }).map(([what, sent]): HostileTalk => ({
    name: `more ${what} in a second than a socket may send`,
    kind: 'frame',
    check: 'rate',
    port: 'messagesPerSecond',
    talk: { upgrade: UPGRADE, as: 'mallory', pieces: [sent] },
  })),
  {
    name: 'more bytes in a second than a socket may send',
    kind: 'frame',
    check: 'rate',
    port: 'bytesPerSecond',
    talk: {
      upgrade: UPGRADE,
      as: 'mallory',
      pieces: [...Array.from({ length: 3 }, () => frame({ payload: `["pong"]${' '.repeat(2_000_000)}` })), PING],
    },
  },
]
