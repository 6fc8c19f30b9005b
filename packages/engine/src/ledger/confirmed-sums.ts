import { type Digest, EMPTY_DIGEST, EMPTY_STATE, changeDigest, documentHash, isTombstone } from '@whisker/protocol'
import type { LocalDocument } from './document.ts'

/** What sums up all that the server has confirmed. A change only notes its document: the rest waits until somebody asks. */
export class ConfirmedSums {
  #digest = EMPTY_DIGEST
  #rows = 0
  /** What changed since somebody asked; undefined if nobody did. */
  #changed: Set<LocalDocument> | undefined

  note(document: LocalDocument): void {
    this.#changed?.add(document)
  }

  /** Of all documents of the ledger, which are passed in. */
  digestOf(documents: Iterable<LocalDocument>): Digest {
    for (const document of this.#changed ?? documents) this.#count(document)
    this.#changed ??= new Set()
    this.#changed.clear()
    return this.#digest
  }

  /** How many rows they are in the store, those of deleted ones among them. */
  rowsOf(documents: Iterable<LocalDocument>): number {
    this.digestOf(documents)
    return this.#rows
  }

  /** All documents are others from now on. */
  beginAnew(): void {
    this.#digest = EMPTY_DIGEST
    this.#rows = 0
    this.#changed = undefined
  }

  #count(document: LocalDocument): void {
    const { collection, id, confirmed, counted, isRow } = document
    document.isRow = confirmed !== EMPTY_STATE
    this.#rows += Number(document.isRow) - Number(isRow)
    document.counted = isTombstone(confirmed) ? undefined : documentHash(collection, id, confirmed.version)
    this.#digest = changeDigest(this.#digest, counted, document.counted)
  }
}
