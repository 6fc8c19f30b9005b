import {
  type DocumentChange,
  type DocumentKey,
  type DocumentState,
  EMPTY_STATE,
  EMPTY_VERSION,
  type JsonObject,
  type Operation,
  type Seq,
  type SyncRow,
  type TailEntry,
  type Usage,
  type VersionVector,
  addDot,
  apply,
  decodeState,
  decodeTailOperation,
  encodeState,
  isDelete,
  isTombstone,
  join,
  parseJson,
  sameState,
  utf8Length,
  viewOf,
} from '@whisker/protocol'

/** A row as it was loaded; its contents only where they may be needed. */
export interface LoadedDocument {
  readonly row: SyncRow
  readonly contents: { readonly state: string; readonly tail: readonly TailEntry[] } | undefined
}

export interface PreparedOperation {
  readonly operation: Operation
  /** The operation as it is stored and travels. */
  readonly text: string
  readonly bytes: number
}

const NO_USAGE: Usage = Object.freeze({ documents: 0, bytes: 0 })
/** Below this, a tail is never worth folding. */
const TAIL_BYTES_FREE = 1024

/** Whether a tail has outgrown the state that it follows. */
export const outgrows = (tailBytes: number, stateBytes: number): boolean =>
  tailBytes > Math.max(stateBytes, TAIL_BYTES_FREE)

/** Whether an operation can leave nothing of a document in sight, of which something stood. */
export const canDelete = ({ delta, drop }: Operation): boolean => drop.length > 0 || delta.some(isDelete)

/** A document while a push goes over it. Nothing of it is stored before the push is through. */
export class DocumentDraft {
  readonly key: DocumentKey
  readonly #loaded: LoadedDocument | undefined
  #row: SyncRow | undefined
  /** State and tail in one, once somebody had to look. */
  #folded: DocumentState | undefined
  #stateText: string | undefined
  #appended: TailEntry[] = []

  constructor(key: DocumentKey, loaded: LoadedDocument | undefined) {
    this.key = key
    this.#loaded = loaded
    this.#row = loaded?.row
    if (!loaded) this.#folded = EMPTY_STATE
  }

  /** The row as it was before the push. */
  get stored(): SyncRow | undefined {
    return this.#loaded?.row
  }

  get exists(): boolean {
    return this.#row !== undefined
  }

  get version(): VersionVector {
    return this.#row?.version ?? EMPTY_VERSION
  }

  /** Its bytes bound what it is shown with, but for a little where paths are deep, whose keys are shorter than objects. */
  get usage(): Usage {
    return this.#row ? { documents: 1, bytes: this.#row.stateBytes + this.#row.tailBytes } : NO_USAGE
  }

  get state(): DocumentState {
    return (this.#folded ??= this.#fold())
  }

  #fold(): DocumentState {
    const { collection, document } = this.key
    const where = 'stored document'
    const contents = this.#loaded?.contents
    if (!contents) throw new Error('A document was looked into that was loaded without its contents.')
    const operations = [...contents.tail, ...this.#appended].map(({ text }) =>
      decodeTailOperation(parseJson(text), collection, document, where),
    )
    return operations.reduce(apply, decodeState(parseJson(contents.state), where))
  }

  /** Takes an operation under a seq. The first of a document becomes its state, any other goes to the tail. */
  append({ operation, text, bytes }: PreparedOperation, seq: Seq, nowMs: number): void {
    const row = this.#row
    if (this.#folded) this.#folded = apply(this.#folded, operation)
    if (!row) {
      this.#replace(this.state, seq, this.#goneSince(nowMs))
      return
    }
    const { replica, counter } = operation.dot
    this.#appended.push({ seq, replica, counter, text })
    const version = addDot(row.version, operation.dot)
    // Nothing else can change it, so that most operations need not look into their document.
    const mayBeGone = row.tombstoneMs !== undefined || canDelete(operation)
    const tombstoneMs = mayBeGone ? this.#goneSince(nowMs) : undefined
    this.#row = { ...row, seq, version, tailBytes: row.tailBytes + bytes, tombstoneMs }
  }

  /** Joins an offered state. Tells whether that changed anything: then it empties the tail under the seq. */
  join(offered: DocumentState, seq: Seq, nowMs: number): boolean {
    const joined = join(this.state, offered)
    if (this.exists && sameState(joined, this.state)) return false
    this.#folded = joined
    this.#replace(joined, seq, this.#goneSince(nowMs))
    return true
  }

  /** The time from which a tombstone counts; undefined if it is none. */
  #goneSince(nowMs: number): number | undefined {
    return isTombstone(this.state) ? nowMs : undefined
  }

  #replace(state: DocumentState, seq: Seq, tombstoneMs: number | undefined): void {
    this.#folded = state
    this.#stateText = JSON.stringify(encodeState(state))
    this.#appended = []
    this.#row = {
      ...this.key,
      seq,
      tailStart: seq,
      stateBytes: utf8Length(this.#stateText),
      tailBytes: 0,
      version: state.version,
      tombstoneMs,
    }
  }

  /** What is to be stored; undefined if nothing changed. */
  change(): DocumentChange | undefined {
    if (!this.#row || this.#row === this.#loaded?.row) return undefined
    const { seq, tailBytes, stateBytes, tombstoneMs } = this.#row
    if (outgrows(tailBytes, stateBytes)) this.#replace(this.state, seq, tombstoneMs)
    return { row: this.#row, state: this.#stateText, appended: this.#appended }
  }
}

/** A document as `auto_merge` shows it. */
export interface ShownDocument {
  /** No value: there is no such document, or it is deleted. */
  readonly value: JsonObject | undefined
  readonly metadata: JsonObject
}

export function shown(state: DocumentState, document: string): ShownDocument {
  const { value, metadata } = viewOf(state, { strategy: 'auto_merge', document })
  return { value, metadata }
}

/** The bytes of a document as shown: of its content or its metadata, whichever is larger. */
export const shownBytes = ({ value, metadata }: ShownDocument): number =>
  Math.max(value === undefined ? 0 : utf8Length(JSON.stringify(value)), utf8Length(JSON.stringify(metadata)))
