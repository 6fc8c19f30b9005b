import { isDeviceId, isName } from '../identity.ts'
import type { JsonValue } from '../json.ts'
import { LIMITS } from '../limits.ts'
import type { Refusal } from '../messages.ts'
import type { LiveFrame, Member } from '../ports.ts'
import { decodeFrame } from './frame-codec.ts'
import { decodeRefusal, encodeRefusal } from './message-codec.ts'
import {
  MESSAGE_LENGTH,
  readAs,
  readInteger,
  readJson,
  readList,
  readObject,
  readText,
  readable,
  refuse,
} from './reading.ts'

/*
 * What goes over one socket, for many spaces: texts, each a list that begins with what it is. The client numbers its
 * requests and subscriptions, and what answers one names its number.
 */

/** The subprotocol that both sides name when a socket is opened: it says the version. */
export const SOCKET_PROTOCOL = 'whisker.v1'

/** How often each side sends a ping, in milliseconds, and after how long a silence it holds the other for gone. */
export const SOCKET_PING_MS = 15_000
export const SOCKET_DEAD_MS = 45_000

/** The most bytes of JSON that somebody's presence may have. */
export const PRESENCE_BYTES = 4096

/** With which codes a server closes a socket, where the last message before it could not be read. */
export const CLOSE_CODES = {
  bad_message: 4400,
  needs_auth: 4401,
  forbidden: 4403,
  timeout: 4408,
  too_large: 4413,
  rate_limited: 4429,
  server_error: 4500,
  unavailable: 4503,
} as const

const TOKEN_LENGTH = 16_384

export type ToServer =
  /** The first message, and once more with another token whenever there is one; undefined without one. */
  | { readonly kind: 'hello'; readonly token: string | undefined }
  | { readonly kind: 'version'; readonly number: number; readonly space: string }
  | { readonly kind: 'pull'; readonly number: number; readonly space: string; readonly parameters: Parameters }
  | { readonly kind: 'push'; readonly number: number; readonly space: string; readonly message: unknown }
  /** Nobody waits for that answer any more. */
  | { readonly kind: 'cancel'; readonly number: number }
  | { readonly kind: 'subscribe'; readonly number: number; readonly space: string; readonly parameters: Parameters }
  | { readonly kind: 'unsubscribe'; readonly number: number }
  /** What the others of a subscription's space are to see of this client; undefined for nothing. */
  | { readonly kind: 'presence'; readonly number: number; readonly value: JsonValue | undefined }
  | Beat

type Parameters = Readonly<Record<string, string>>

export type ToClient =
  /** The token was taken. */
  | { readonly kind: 'welcome' }
  | { readonly kind: 'answer'; readonly number: number; readonly status: number; readonly message: unknown }
  /** Every change from now on will be told of. */
  | { readonly kind: 'begun'; readonly number: number }
  /** Undefined is a hint to pull. */
  | { readonly kind: 'frame'; readonly number: number; readonly frame: LiveFrame | undefined }
  /** The subscription is over. */
  | { readonly kind: 'end'; readonly number: number; readonly refusal: Refusal }
  | { readonly kind: 'present'; readonly number: number; readonly members: readonly MemberChange[] }
  /** The token is about to expire: another hello is due. */
  | { readonly kind: 'renew' }
  /** Why the socket is about to be closed. */
  | { readonly kind: 'close'; readonly refusal: Refusal }
  | Beat

/** Each is to be answered with the other. */
type Beat = { readonly kind: 'ping' } | { readonly kind: 'pong' }

/** Who shows something else now. The first one after `begun` names all who show anything. */
export interface MemberChange extends Omit<Member, 'value'> {
  /** Undefined if they show nothing any more, or are gone. */
  readonly value: JsonValue | undefined
}

export function encodeToServer(message: ToServer): string {
  switch (message.kind) {
    case 'hello':
      return JSON.stringify(['hello', message.token ?? null])
    case 'version':
      return JSON.stringify(['version', message.number, message.space])
    case 'pull':
    case 'subscribe':
      return JSON.stringify([message.kind, message.number, message.space, message.parameters])
    case 'push':
      return JSON.stringify(['push', message.number, message.space, message.message])
    case 'cancel':
    case 'unsubscribe':
      return JSON.stringify([message.kind, message.number])
    case 'presence':
      return JSON.stringify(['presence', message.number, message.value ?? null])
    default:
      return JSON.stringify([message.kind])
  }
}

/** What a parsed text says. */
export function decodeToServer(value: unknown): ToServer {
  const [kind, ...rest] = readList(value, 'message', 4)
  switch (kind) {
    case 'hello':
      return { kind, token: readRest(rest, kind, [readToken])[0] }
    case 'version': {
      const [number, space] = readRest(rest, kind, [readNumber, readSpace])
      return { kind, number, space }
    }
    case 'pull':
    case 'subscribe': {
      const [number, space, parameters] = readRest(rest, kind, [readNumber, readSpace, readParameters])
      return { kind, number, space, parameters }
    }
    case 'push': {
      const [number, space, message] = readRest(rest, kind, [readNumber, readSpace, asItIs])
      return { kind, number, space, message }
    }
    case 'cancel':
    case 'unsubscribe':
      return { kind, number: readRest(rest, kind, [readNumber])[0] }
    case 'presence': {
      const [number, shown] = readRest(rest, kind, [readNumber, readShown])
      return { kind, number, value: shown }
    }
    case 'ping':
    case 'pong':
      readRest(rest, kind, [])
      return { kind }
    default:
      return refuse('message', 'a kind that a server knows', kind)
  }
}

/** An answer around a message that is a text already. */
export const encodeSocketAnswer = (number: number, status: number, text: string): string =>
  `["answer",${number},${status},${text}]`

/** A frame or a hint that is a text already, for one subscription. */
export const encodeSocketFrame = (number: number, text: string): string => socketFrameEnds(number).join(text)

/** What is before and after a frame, in ASCII: for who has its bytes already. */
export const socketFrameEnds = (number: number): readonly [before: string, after: string] => [
  `["frame",${number},`,
  ']',
]

/** One member, as `encodePresent` takes it: for who tells many of the same. */
export const encodeMember = ({ id, principal, device, name, value }: MemberChange): string =>
  JSON.stringify([id, readable(principal, MESSAGE_LENGTH), device, name, value ?? null])

/** Members that are texts already, for one subscription. */
export const encodePresent = (number: number, members: readonly string[]): string =>
  `["present",${number},[${members.join()}]]`

export function encodeToClient(message: Exclude<ToClient, { readonly kind: 'answer' | 'frame' | 'present' }>): string {
  switch (message.kind) {
    case 'begun':
      return JSON.stringify(['begun', message.number])
    case 'end':
      return JSON.stringify(['end', message.number, encodeRefusal(message.refusal)])
    case 'close':
      return JSON.stringify(['close', encodeRefusal(message.refusal)])
    default:
      return JSON.stringify([message.kind])
  }
}

/** What a parsed text says. */
export function decodeToClient(value: unknown): ToClient {
  const [kind, ...rest] = readList(value, 'message', 4)
  switch (kind) {
    case 'answer': {
      const [number, status, message] = readRest(rest, kind, [readNumber, readStatus, asItIs])
      return { kind, number, status, message }
    }
    case 'begun':
      return { kind, number: readRest(rest, kind, [readNumber])[0] }
    case 'frame': {
      const [number, frame] = readRest(rest, kind, [readNumber, decodeFrame])
      return { kind, number, frame }
    }
    case 'end': {
      const [number, refusal] = readRest(rest, kind, [readNumber, decodeRefusal])
      return { kind, number, refusal }
    }
    case 'present': {
      const [number, members] = readRest(rest, kind, [readNumber, readMembers])
      return { kind, number, members }
    }
    case 'close':
      return { kind, refusal: readRest(rest, kind, [decodeRefusal])[0] }
    case 'welcome':
    case 'renew':
    case 'ping':
    case 'pong':
      readRest(rest, kind, [])
      return { kind }
    default:
      return refuse('message', 'a kind that a client knows', kind)
  }
}

type Readers = readonly ((value: unknown) => unknown)[]
type Read<R extends Readers> = { readonly [I in keyof R]: ReturnType<R[I]> }

/** What follows the kind: as many values as there are readers, and no more. */
function readRest<const R extends Readers>(rest: readonly unknown[], kind: string, readers: R): Read<R> {
  if (rest.length !== readers.length) refuse(kind, `${readers.length} values after it`, rest.length)
  return readers.map((read, index) => read(rest[index])) as Read<R>
}

const asItIs = (value: unknown): unknown => value
const readNumber = (value: unknown): number => readInteger(value, 'number', 1)
const readStatus = (value: unknown): number => readInteger(value, 'status', 200, 599)
const readSpace = (value: unknown): string => readAs(value, 'space', 'the name of a space', isName)
const readToken = (value: unknown): string | undefined =>
  value === null ? undefined : readText(value, 'token', TOKEN_LENGTH)

function readParameters(value: unknown): Parameters {
  const parameters = readObject(value, 'parameters')
  for (const [name, text] of Object.entries(parameters)) readText(text, `parameter ${name.slice(0, 80)}`, TOKEN_LENGTH)
  return parameters as Parameters
}

const readShown = (value: unknown): JsonValue | undefined => readJson(value, 'what is shown', LIMITS.depth) ?? undefined

const MOST_MEMBERS = 10_000

const readMembers = (value: unknown): readonly MemberChange[] =>
  readList(value, 'members', MOST_MEMBERS).map((member) => {
    const [id, principal, device, name, shown] = readList(member, 'member', 5)
    return {
      id: readText(id, 'member id', 64),
      principal: readText(principal, 'member principal', MESSAGE_LENGTH),
      device: readAs(device, 'member device', 'a device id', isDeviceId),
      name: readText(name, 'member name', 128),
      value: readShown(shown),
    }
  })
