import { EMPTY_STATE, type Seq, isTombstone } from '@whisker/protocol'
import { type LocalDocument, refold } from './document.ts'
import type { Ledger } from './ledger.ts'

/*
 * A scan from the start tells what there is. A document that was confirmed before and that none of its pages holds
 * was deleted, and its tombstone collected, while this device was away.
 */

/** Begins a scan from the start, in which everything has to show itself again. */
export function rescan(ledger: Ledger): void {
  const { cursor, scan } = ledger.link
  ledger.setLink({ wantsOwn: true, scan: scan + 1, repair: 'none', cursor: { ...cursor, since: 0, after: 0 } })
}

/** Whether the running scan has yet to show a document. What the server lost it cannot show. */
const isAwaited = ({ link }: Ledger, document: LocalDocument): boolean =>
  link.wantsOwn && document.scan < link.scan && !document.offered && document.confirmed !== EMPTY_STATE

/**
 * The last page of a scan: what it did not show is gone, and so is what the server has collected. In a repair it is
 * the server that lost what was not shown.
 */
export function endScan(ledger: Ledger, collected: Seq): void {
  const { wantsOwn, repair, collected: known } = ledger.link
  if (!wantsOwn && collected <= known) return
  const isRepair = repair === 'scan'
  for (const document of ledger.allDocuments()) {
    const isMissing = isAwaited(ledger, document)
    if (isMissing && isRepair && !isTombstone(document.confirmed)) ledger.setOffered(document, true)
    else if (isMissing || isCollected(document, collected)) remove(ledger, document)
  }
  ledger.setLink({ collected: Math.max(collected, known), ...(isRepair && { repair: 'compare', lacksRows: false }) })
}

const isCollected = ({ seq, offered, pending, confirmed }: LocalDocument, collected: Seq): boolean =>
  seq <= collected && !offered && pending.length === 0 && confirmed !== EMPTY_STATE && isTombstone(confirmed)

function remove(ledger: Ledger, document: LocalDocument): void {
  document.confirmed = EMPTY_STATE
  document.seq = 0
  refold(document)
  ledger.markUnstored(document)
  ledger.touch(document, 'remote')
}

/** Gives up a document's confirmed state: what the server holds of it comes with the next scan from the start. */
export function forget(ledger: Ledger, document: LocalDocument): void {
  ledger.setOffered(document, false)
  remove(ledger, document)
  rescan(ledger)
}
