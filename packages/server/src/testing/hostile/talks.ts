import { SOCKET_PROTOCOL } from '@whisker/protocol'
import { type HostileTalk, request } from './hostile-case.ts'
import { frame } from './web-socket-frames.ts'

/* What the cases on sockets are made of. */

export const UPGRADE_HEADERS: Readonly<Record<string, string | undefined>> = {
  authorization: undefined,
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': SOCKET_PROTOCOL,
}

export const UPGRADE: Uint8Array = request({ path: '/v1/socket', headers: UPGRADE_HEADERS })

/** Whoever is alive after it answers to this. */
export const PING: Uint8Array = frame({ payload: '["ping"]' })

export type Sent = string | Uint8Array | readonly Uint8Array[]

export const piecesOf = (sent: Sent): readonly Uint8Array[] =>
  typeof sent === 'string' ? [frame({ payload: sent })] : sent instanceof Uint8Array ? [sent] : sent

/** Each byte by itself. */
export const inBytes = (sent: Sent): readonly Uint8Array[] =>
  piecesOf(sent).flatMap((piece) => Array.from(piece, (_, at) => piece.subarray(at, at + 1)))

/** A table of what mallory, who is known, sends, and which check refuses it; a text is one message. */
export const allRefused = (check: string, table: Readonly<Record<string, Sent>>): readonly HostileTalk[] =>
  Object.entries(table).map(([name, sent]) => ({ name, check, ...said(sent) }))

/** The same from somebody who has said nothing yet. */
export const allRefusedBefore = (check: string, table: Readonly<Record<string, Sent>>): readonly HostileTalk[] =>
  allRefused(check, table).map(({ name, talk, ...rest }) => ({
    ...rest,
    name: `before a hello: ${name}`,
    talk: { upgrade: talk.upgrade, pieces: talk.pieces },
  }))

/** A table of what does no harm: the socket goes on. */
export const allHarmless = (table: Readonly<Record<string, Sent>>): readonly HostileTalk[] =>
  allRefused('none', table).map(({ talk, ...rest }) => ({ ...rest, talk: { ...talk, pieces: [...talk.pieces, PING] } }))

export const said = (sent: Sent): Pick<HostileTalk, 'kind' | 'talk' | 'text'> => ({
  kind: 'frame',
  talk: { upgrade: UPGRADE, as: 'mallory', pieces: piecesOf(sent) },
  ...(typeof sent === 'string' && { text: sent }),
})
