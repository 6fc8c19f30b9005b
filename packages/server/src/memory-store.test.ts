import { syncStoreContract } from '@whisker/conformance'
import type { DocumentChange, EpochId, SpaceTransaction, SyncRow } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.ts'
import { noChanges } from './space-changes.ts'

describe('a store in memory', () => {
  syncStoreContract(() => ({ isDurable: false, open: memoryStore }))
})

const row = (seq: number): SyncRow => ({
  collection: 'stories',
  document: 'dragon',
  seq,
  tailStart: seq,
  stateBytes: 1,
  tailBytes: 0,
  version: [],
  tombstoneMs: undefined,
})

async function put(transaction: SpaceTransaction, of: SyncRow): Promise<void> {
  const document: DocumentChange = { row: of, state: String(of.seq), appended: [] }
  await transaction.put({ ...noChanges(await transaction.space()), head: of.seq, documents: [document] })
}

test('a failed write that wrote a document twice leaves it as it was, and a row that comes again is there once', async () => {
  const store = memoryStore()
  await store.begin('epoch-one0000000' as EpochId)
  const [first, second, third] = [row(1), row(2), row(3)]
  await store.write('s', (transaction) => put(transaction, first))
  const failing = store.write('s', async (transaction) => {
    for (const one of [second, third]) await put(transaction, one)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  const seen = async () =>
    store.read('s', async (reader) => {
      const rows = await reader.changedAfter(0, 10)
      return [rows.map(({ seq }) => seq), await reader.states(rows)]
    })
  expect(await seen()).toEqual([[1], ['1']])
  for (const one of [first, second, second]) await store.write('s', (transaction) => put(transaction, one))
  expect(await seen()).toEqual([[2], ['2']])
})
