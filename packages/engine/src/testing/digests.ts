import {
  type Digest,
  type DocumentKey,
  EMPTY_DIGEST,
  type StateStore,
  type SyncStore,
  type VersionVector,
  changeDigest,
  decodeState,
  documentHash,
  isTombstone,
} from '@whisker/protocol'

/** What the rows of a server's store amount to, read one by one, and what its record says of them. */
export const serverDigests = async (
  store: SyncStore,
  space = 'shared',
): Promise<{ readonly rows: Digest; readonly record: Digest }> =>
  store.read(space, async (reader) => {
    const rows = await reader.changedAfter(0, 100_000)
    const live = rows.filter(({ tombstoneMs }) => tombstoneMs === undefined)
    return { rows: digestOf(live), record: (await reader.space()).digest }
  })

/** What a device's store holds as confirmed. */
export async function storedDigest(state: StateStore, space = 'shared'): Promise<Digest> {
  const store = await state.open(space, () => {
    throw new Error('There is no such store.')
  })
  const { documents } = await store.load()
  await store.close()
  const confirmed = documents.map(([collection, document, text]) => {
    const [, , wire] = JSON.parse(text) as [number, number, unknown]
    return { collection, document, state: decodeState(wire, 'stored document') }
  })
  return digestOf(
    confirmed.filter((row) => !isTombstone(row.state)).map((row) => ({ ...row, version: row.state.version })),
  )
}

const digestOf = (documents: readonly (DocumentKey & { readonly version: VersionVector })[]): Digest =>
  documents.reduce(
    (sum, row) => changeDigest(sum, undefined, documentHash(row.collection, row.document, row.version)),
    EMPTY_DIGEST,
  )
