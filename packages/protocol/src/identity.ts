import { SyncError } from './errors.ts'
import type { Random } from './environment.ts'

/** One writer: 96 random bits as 16 characters of base64url. Held by one slot, replaced rather than shared. */
export type ReplicaId = string & { readonly __brand: 'ReplicaId' }
/** One installation: 128 random bits as 22 characters of base64url, minted once per store. */
export type DeviceId = string & { readonly __brand: 'DeviceId' }
/** One start of a server on its database: 96 random bits as 16 characters of base64url. */
export type EpochId = string & { readonly __brand: 'EpochId' }

/** The name of an operation: who wrote it, and the how-manieth of theirs it is (from 1). Never reused. */
export interface Dot {
  readonly replica: ReplicaId
  readonly counter: number
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Base 32 in ASCII order, so that ids sort as their times do. */
const BASE32 = '0123456789abcdefghijklmnopqrstuv'

const letters = (alphabet: string, bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('')

export const mintReplicaId = (random: Random): ReplicaId => letters(BASE64URL, random.bytes(16)) as ReplicaId
export const mintEpochId = (random: Random): EpochId => letters(BASE64URL, random.bytes(16)) as EpochId
/** 22 characters carry 132 bits, of which a device needs 128. */
export const mintDeviceId = (random: Random): DeviceId => letters(BASE64URL, random.bytes(22)) as DeviceId

/** A new document id that sorts by the time it was made: 45 bits of milliseconds, 60 of chance. */
export function mintDocumentId(random: Random, nowMs: number): string {
  let time = ''
  for (let rest = Math.max(0, Math.floor(nowMs)), digit = 0; digit < 9; digit++, rest = Math.floor(rest / 32)) {
    time = BASE32.charAt(rest % 32) + time
  }
  return time + letters(BASE32, random.bytes(12))
}

const REPLICA_ID = /^[A-Za-z0-9_-]{16}$/
const DEVICE_ID = /^[A-Za-z0-9_-]{22}$/
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.~:-]{0,127}$/
const COPY_ID = /^([A-Za-z0-9_][A-Za-z0-9_.~:-]{0,127})~([A-Za-z0-9_-]{16}):([1-9][0-9]{0,15})$/

export const isReplicaId = (value: unknown): value is ReplicaId => typeof value === 'string' && REPLICA_ID.test(value)
export const isEpochId = (value: unknown): value is EpochId => typeof value === 'string' && REPLICA_ID.test(value)
export const isDeviceId = (value: unknown): value is DeviceId => typeof value === 'string' && DEVICE_ID.test(value)
/** Whether a text can name a space, a collection or a new document. */
export const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)
/** Whether a text can name a document: a name, or a copy's derived id. */
export const isDocumentId = (value: unknown): value is string =>
  isName(value) || (typeof value === 'string' && COPY_ID.test(value))

export function checkName(value: unknown, what: string): asserts value is string {
  if (isName(value) || (what === 'document' && isDocumentId(value))) return
  throw new SyncError('invalid_id', `${JSON.stringify(value)} is not a name for a ${what}.`, {
    fix: 'Use 1 to 128 of A-Z a-z 0-9 _ - . ~ : beginning with a letter, a digit or _.',
  })
}

export const formatDot = (dot: Dot): string => `${dot.replica}:${dot.counter}`
export const sameDot = (a: Dot, b: Dot): boolean => a.counter === b.counter && a.replica === b.replica

/** The order of replica ids everywhere: bytewise (they are ASCII, so code units are bytes). */
export const compareReplicas = (a: ReplicaId, b: ReplicaId): number => (a < b ? -1 : a > b ? 1 : 0)
export const compareDots = (a: Dot, b: Dot): number => compareReplicas(a.replica, b.replica) || a.counter - b.counter

/** The id under which a copy is shown; a copy of a copy keeps the first id as its stem. */
export const copyId = (document: string, dot: Dot): string =>
  `${copyStem(document)?.document ?? document}~${formatDot(dot)}`

/** The document and the write that a copy's id was derived from; undefined if it is no copy's id. */
export function copyStem(id: string): { readonly document: string; readonly dot: Dot } | undefined {
  const match = COPY_ID.exec(id)
  if (!match) return undefined
  return { document: match[1] as string, dot: { replica: match[2] as ReplicaId, counter: Number(match[3]) } }
}
