import { describe, expect, test } from 'vitest'
import checks from '../vectors/checks.json' with { type: 'json' }
import digests from '../vectors/digests.json' with { type: 'json' }
import messages from '../vectors/messages.json' with { type: 'json' }
import operations from '../vectors/operations.json' with { type: 'json' }
import states from '../vectors/states.json' with { type: 'json' }
import views from '../vectors/views.json' with { type: 'json' }
import { type CheckValue, checkAfter, checkAfterVoids } from './check-value.ts'
import { EMPTY_DIGEST, changeDigest, documentHash } from './digest.ts'
import type { ReplicaId } from './identity.ts'
import { parseJson } from './json.ts'
import { LIMITS } from './limits.ts'
import { PROTOCOL_VERSION } from './messages.ts'
import type { Operation } from './operation.ts'
import type { Strategy } from './strategy.ts'
import { viewOf } from './view.ts'
import { encodeFrame } from './testing/messages.ts'
import { decodeDevices, encodeDevices } from './wire/devices-codec.ts'
import { decodeFrame } from './wire/frame-codec.ts'
import {
  decodePull,
  decodePush,
  decodeReceipt,
  decodeRefusal,
  decodeServerVersion,
  encodePull,
  encodePush,
  encodeReceipt,
  encodeRefusal,
  encodeServerVersion,
} from './wire/message-codec.ts'
import {
  decodeStoredEntry,
  decodeTailOperation,
  encodeStoredEntry,
  encodeTailOperation,
} from './wire/operation-codec.ts'
import { decodePage, encodePage } from './wire/page-codec.ts'
import { decodeState, encodeState } from './wire/state-codec.ts'

/*
 * The vectors are the wire, for this implementation and for any other. A change of one is a change of the protocol:
 * what is stored and what older peers send must still be read, and `PROTOCOL_VERSION` says so if it cannot be.
 */

const text = (value: unknown): string => JSON.stringify(value)

test('the vectors are of version 1', () => {
  expect(PROTOCOL_VERSION).toBe(1)
})

describe('operations are written and read as their vectors say', () => {
  test.each(operations.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const entry = decodeStoredEntry(parseJson(vector.stored), 'vector')
    expect(entry).toEqual(vector.value)
    expect(text(encodeStoredEntry(entry))).toBe(vector.stored)
    if (!vector.tail) return
    const { collection, document } = entry as Operation
    const operation = decodeTailOperation(parseJson(vector.tail), collection, document, 'vector')
    expect(operation).toEqual(vector.value)
    expect(text(encodeTailOperation(operation))).toBe(vector.tail)
  })
})

describe('states are written and read as their vectors say', () => {
  test.each(states.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const state = decodeState(parseJson(vector.wire), 'vector')
    expect(state).toEqual(vector.value)
    expect(text(encodeState(state))).toBe(vector.wire)
  })
})

describe('views show what their vectors say', () => {
  test.each(views.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const view = viewOf(decodeState(parseJson(vector.state), 'vector'), {
      strategy: vector.strategy as Strategy,
      document: vector.document,
    })
    expect(JSON.parse(text(view))).toEqual(vector.view)
  })
})

describe('check values are what their vectors say', () => {
  test.each(checks.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const previous: CheckValue = vector.previous
    const check = vector.operation
      ? checkAfter(previous, decodeStoredEntry(parseJson(vector.operation), 'vector') as Operation)
      : checkAfterVoids(previous, vector.voids ?? 0)
    expect(check).toBe(vector.check)
  })
})

describe('digests are what their vectors say', () => {
  test.each(digests.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const documents = vector.documents as [string, string, [ReplicaId, number][]][]
    const hashes = documents.map(([collection, document, version]) =>
      documentHash(
        collection,
        document,
        version.map(([replica, counter]) => ({ replica, counter })),
      ),
    )
    expect(hashes.reduce((digest, hash) => changeDigest(digest, undefined, hash), EMPTY_DIGEST)).toEqual(vector.digest)
  })
})

const CODECS: Readonly<Record<string, { decode: (wire: never) => unknown; encode: (value: never) => unknown }>> = {
  push: {
    decode: (wire) => decodePush('my-stories', parseJson(wire), LIMITS),
    encode: (value) => text(encodePush(value)),
  },
  pull: { decode: (wire) => decodePull('my-stories', wire, LIMITS), encode: encodePull },
  page: { decode: (wire) => decodePage(parseJson(wire)), encode: encodePage },
  frame: { decode: (wire) => decodeFrame(parseJson(wire)), encode: encodeFrame },
  receipt: { decode: (wire) => decodeReceipt(parseJson(wire)), encode: (value) => text(encodeReceipt(value)) },
  refusal: { decode: (wire) => decodeRefusal(parseJson(wire)), encode: (value) => text(encodeRefusal(value)) },
  version: {
    decode: (wire) => decodeServerVersion(parseJson(wire)),
    encode: (value) => text(encodeServerVersion(value)),
  },
  devices: { decode: (wire) => decodeDevices(parseJson(wire)), encode: (value) => text(encodeDevices(value)) },
}

describe('messages are written and read as their vectors say', () => {
  test.each(messages.map((vector) => [vector.kind, vector.name, vector] as const))('%s: %s', (kind, _, vector) => {
    const codec = CODECS[kind]
    const value = codec?.decode(vector.wire as never)
    expect(value).toEqual(vector.value)
    expect(codec?.encode(value as never)).toEqual(vector.wire)
    // From the vector itself too, so that the reader cannot make up for the writer.
    expect(codec?.encode(vector.value as never)).toEqual(vector.wire)
  })
})
