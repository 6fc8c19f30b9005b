import {
  EMPTY_DIGEST,
  type SpaceRecord,
  type SpaceTransaction,
  type SyncRow,
  type SyncStore,
  type Usage,
  changeDigest,
  documentHash,
  sameDigest,
} from '@whisker/protocol'
import { noChanges } from './space-changes.ts'

/** What a row adds to the digest of its space; a tombstone nothing. */
export const rowHash = (row: SyncRow | undefined): number | undefined =>
  row && row.tombstoneMs === undefined ? documentHash(row.collection, row.document, row.version) : undefined

const CHUNK_ROWS = 1000

/**
 * Counts the rows of a space anew. Its digest and usage are kept up with each change and never looked at again, so that
 * they cannot tell of a row that is gone from the disk; this can. Nothing else is done meanwhile.
 */
export const recountSpace = async (space: string, store: SyncStore): Promise<void> =>
  store.write(space, async (transaction) => {
    const record = await transaction.space()
    const { usage, digest } = await countRows(transaction)
    if (sameUsage(usage, record.usage) && sameDigest(digest, record.digest)) return
    await transaction.put({ ...noChanges(record), usage, digest })
  })

async function countRows(transaction: SpaceTransaction): Promise<Pick<SpaceRecord, 'usage' | 'digest'>> {
  let digest = EMPTY_DIGEST
  let documents = 0
  let bytes = 0
  for (let after = 0; ;) {
    const rows = await transaction.changedAfter(after, CHUNK_ROWS)
    for (const row of rows) {
      digest = changeDigest(digest, undefined, rowHash(row))
      documents++
      bytes += row.stateBytes + row.tailBytes
    }
    const last = rows.at(-1)
    if (!last) return { usage: { documents, bytes }, digest }
    after = last.seq
  }
}

const sameUsage = (a: Usage, b: Usage): boolean => a.documents === b.documents && a.bytes === b.bytes
