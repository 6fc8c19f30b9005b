import { isEpochId, isName } from '../identity.ts'
import type { JsonValue } from '../json.ts'
import { type Answer, type Epoch, PROTOCOL_VERSION, type Strategies } from '../messages.ts'
import { type Strategy, isStrategy } from '../strategy.ts'
import { field, readAs, readInteger, readList, readObject, readSome, readText, refuse } from './reading.ts'

/* What messages of several kinds have in common. */

/** A message as it travels: JSON, to be written by `JSON.stringify` and read by `parseJson`. */
export type WireMessage = Readonly<Record<string, JsonValue>>

/** A message of the version that this package speaks. */
export function readMessage(value: unknown, what: string): Readonly<Record<string, unknown>> {
  const message = readObject(value, what)
  checkVersion(field(message, 'v'), what)
  return message
}

export function checkVersion(version: unknown, what: string): void {
  if (version !== PROTOCOL_VERSION) {
    refuse(what, `protocol version ${PROTOCOL_VERSION}`, version ?? null)
  }
}

export const encodeAnswer = ({ epochs, timeMs }: Answer): WireMessage => ({
  ...encodeEpochs(epochs),
  time: timeMs,
})

export const decodeAnswer = (message: Readonly<Record<string, unknown>>): Answer => ({
  epochs: decodeEpochs(field(message, 'epochs')),
  timeMs: readInteger(field(message, 'time'), 'time'),
})

const NONCE_LENGTH = 64

/** What a pull and its page may carry, and nothing if they do not. */
export const readNonce = (value: unknown, where: string): { readonly nonce?: string } =>
  value === undefined ? {} : { nonce: readText(value, where, NONCE_LENGTH) }

export const encodeEpochs = (epochs: readonly Epoch[]): WireMessage =>
  epochs.length ? { epochs: epochs.map(({ id, began }) => [id, began]) } : {}

export const decodeEpochs = (value: unknown): readonly Epoch[] =>
  readSome(value, 'epochs', 100_000).map((entry) => {
    const [id, began] = readList(entry, 'epoch', 2)
    return { id: readAs(id, 'epoch', 'an epoch id', isEpochId), began: readInteger(began, 'epoch began') }
  })

export const encodeStrategies = (strategies: Strategies): WireMessage =>
  Object.keys(strategies).length ? { strategies } : {}

export function decodeStrategies(value: unknown): Strategies {
  if (value === undefined) return {}
  return Object.fromEntries(
    Object.entries(readObject(value, 'strategies')).map(([collection, strategy]): [string, Strategy] => [
      readAs(collection, 'collection', 'a collection name', isName),
      readAs(strategy, 'strategy', 'a strategy', isStrategy),
    ]),
  )
}
