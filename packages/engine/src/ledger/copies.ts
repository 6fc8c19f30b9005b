import { EMPTY_STATE, baseOf, copyStem, sameDot, viewOf } from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import type { Ledger } from './ledger.ts'
import { bytesOf } from './stored.ts'

/**
 * Once the server has the document that an edit of a copy made, the copy is dropped from the original:
 * in the same transaction, so that the copy is never in neither place.
 */
export function dropCopyOf(ledger: Ledger, document: LocalDocument): void {
  const stem = copyStem(document.id)
  if (!stem || document.confirmed === EMPTY_STATE) return
  if (ledger.options.strategyOf(document.collection) !== 'keep_both') return
  for (const original of ledger.documents.get(document.collection)?.values() ?? []) {
    // A copy of a copy has the same stem, so its original is any document that holds the write.
    if (original.state.writes.some(({ dot }) => sameDot(dot, stem.dot))) dropFrom(ledger, original, document.id)
  }
}

function dropFrom(ledger: Ledger, original: LocalDocument, copyId: string): void {
  const { copies } = viewOf(original.state, { strategy: 'keep_both', document: original.id })
  const copy = copies.find(({ id }) => id === copyId)
  if (!copy) return
  const draft = { type: 'update', collection: original.collection, document: original.id } as const
  ledger.write({ ...draft, base: baseOf(original.state), delta: [], keep: [], drop: copy.writes }, 0, bytesOf)
}
