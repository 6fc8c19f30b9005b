import type { Digest } from '../digest.ts'
import { type ReplicaId, isName } from '../identity.ts'
import { type Page, type PageRow, PROTOCOL_VERSION, type Seq } from '../messages.ts'
import type { DocumentKey } from '../sync-store.ts'
import { IndexTable, TableReader } from './index-table.ts'
import {
  decodeAnswer,
  decodeStrategies,
  encodeAnswer,
  encodeStrategies,
  readMessage,
  readNonce,
} from './message-parts.ts'
import { decodeTailOperation, encodeTailOperation, readKey } from './operation-codec.ts'
import { field, fieldOr, readInteger, readList, refuse } from './reading.ts'
import { REPLICA_IDS } from './replica-table.ts'
import { decodeSharedState, encodeState } from './state-codec.ts'

/*
 * A row is [collection, document, seq, state | 0, tail …]. Its collection, and the replica of a state that was written
 * once, stand in tables of the page; tails and all other states have tables of their own.
 */

/** A row around texts as they are stored. */
export interface StoredRow extends DocumentKey {
  readonly seq: Seq
  /** `encodeState` as a text; undefined if the tail says it all. */
  readonly state: string | undefined
  /** `encodeTailOperation`s as texts. */
  readonly tail: readonly string[]
}

/** The tables of one page. */
interface PageTables {
  readonly names: IndexTable<string>
  readonly ids: IndexTable<ReplicaId>
}

interface PageTableReaders {
  readonly names: TableReader<string>
  readonly ids: TableReader<ReplicaId>
}

/** A page around rows that are texts already: a stored row travels without being parsed. */
export function encodePageAround(page: Omit<Page, 'rows'>, rows: readonly StoredRow[]): string {
  const tables: PageTables = { names: new IndexTable(), ids: new IndexTable() }
  const texts = rows.map((row) => encodeRowAround(row, tables))
  const { since, after, more, head, collected, digest } = page
  const envelope = JSON.stringify({
    v: PROTOCOL_VERSION,
    ...encodeAnswer(page),
    at: [since, after, head, collected],
    ...(more && { more: 1 }),
    ...(digest && { digest: [digest.documents, digest.hash] }),
    ...encodeStrategies(page.strategies),
    ...(page.nonce !== undefined && { nonce: page.nonce }),
    ...(tables.names.entries.length && { names: tables.names.entries }),
    ...(tables.ids.entries.length && { ids: tables.ids.entries }),
  })
  return texts.length ? `${envelope.slice(0, -1)},"rows":[${texts.join(',')}]}` : envelope
}

export const encodePage = (page: Page): string => encodePageAround(page, page.rows.map(storedRow))

const storedRow = ({ collection, document, seq, state, operations }: PageRow): StoredRow => ({
  collection,
  document,
  seq,
  state: state && JSON.stringify(encodeState(state)),
  tail: operations.map((operation) => JSON.stringify(encodeTailOperation(operation))),
})

function encodeRowAround({ collection, document, seq, state, tail }: StoredRow, { names, ids }: PageTables): string {
  const shared = state === undefined ? 0 : shareWriter(state, ids)
  return `[${[names.indexOf(collection), JSON.stringify(document), seq, shared, ...tail].join(',')}]`
}

/** In the text of a state that was written once, `["` and a replica id, without escapes, come first. */
const ID_FROM = 2
const ID_TO = 18

/** Puts an index into the page's table in place of the one writer's id. Other states begin with a table of their own. */
function shareWriter(state: string, ids: IndexTable<ReplicaId>): string {
  if (state.startsWith('[[')) return state
  return `[${ids.indexOf(state.slice(ID_FROM, ID_TO) as ReplicaId)}${state.slice(ID_TO + 1)}`
}

export function decodePage(value: unknown): Page {
  const message = readMessage(value, 'page')
  const [since, after, head, collected] = readList(field(message, 'at'), 'page at', 4)
  const tables: PageTableReaders = {
    names: new TableReader(field(message, 'names'), 'page names', { what: 'a collection name', guard: isName }),
    ids: new TableReader(field(message, 'ids'), 'page ids', REPLICA_IDS),
  }
  const rows = readList(fieldOr(message, 'rows', []), 'page rows').map((row, index) => decodeRow(row, index, tables))
  tables.names.end()
  tables.ids.end()
  const digest = decodeDigest(field(message, 'digest'))
  const more = readInteger(fieldOr(message, 'more', 0), 'page more', 0, 1) === 1
  if (more && digest) refuse('page digest', 'none before the last page', digest)
  return {
    ...decodeAnswer(message),
    rows,
    since: readInteger(since, 'page since'),
    after: readInteger(after, 'page after'),
    more,
    head: readInteger(head, 'page head'),
    collected: readInteger(collected, 'page collected'),
    strategies: decodeStrategies(field(message, 'strategies')),
    digest,
    ...readNonce(field(message, 'nonce'), 'page nonce'),
  }
}

function decodeDigest(value: unknown): Digest | undefined {
  if (value === undefined) return undefined
  const [documents, hash] = readList(value, 'page digest', 2)
  return { documents: readInteger(documents, 'page digest'), hash: readInteger(hash, 'page digest') }
}

function decodeRow(value: unknown, index: number, { names, ids }: PageTableReaders): PageRow {
  const where = `page row ${index}`
  const [name, id, seq, state, ...tail] = readList(value, where)
  const { collection, document } = readKey(names.read(name, `${where} collection`), id, where)
  return {
    collection,
    document,
    seq: readInteger(seq, where, 1),
    state: state === 0 ? undefined : decodeSharedState(state, ids, where),
    operations: tail.map((operation) => decodeTailOperation(operation, collection, document, where)),
  }
}
