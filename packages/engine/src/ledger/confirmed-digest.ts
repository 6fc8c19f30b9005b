import { type Digest, EMPTY_DIGEST, changeDigest, documentHash, isTombstone } from '@whisker/protocol'
import type { LocalDocument } from './document.ts'

/** The digest of what the server has confirmed. A change only notes its document: the rest waits until somebody asks. */
export class ConfirmedDigest {
  #digest = EMPTY_DIGEST
  /** What changed since somebody asked; undefined if nobody did. */
  #changed: Set<LocalDocument> | undefined

  note(document: LocalDocument): void {
    this.#changed?.add(document)
  }

  /** Of all documents of the ledger, which are passed in. */
  of(documents: Iterable<LocalDocument>): Digest {
    for (const document of this.#changed ?? documents) this.#count(document)
    this.#changed ??= new Set()
    this.#changed.clear()
    return this.#digest
  }

  /** All documents are others from now on. */
  beginAnew(): void {
    this.#digest = EMPTY_DIGEST
    this.#changed = undefined
  }

  #count(document: LocalDocument): void {
    const { collection, id, confirmed, counted } = document
    document.counted = isTombstone(confirmed) ? undefined : documentHash(collection, id, confirmed.version)
    this.#digest = changeDigest(this.#digest, counted, document.counted)
  }
}
