import type { Epoch, Seq } from '@whisker/protocol'
import type { Ledger } from './ledger.ts'
import { rescan } from './scan.ts'

/**
 * Follows a server that lost something: goes back to the last point that both histories share, and marks
 * every document that was confirmed beyond it to be offered.
 */
export function rewind(ledger: Ledger, epochs: readonly Epoch[]): void {
  const common = commonPoint(ledger.link.epochs, epochs, ledger.link.seen)
  for (const document of ledger.allDocuments()) {
    if (document.seq <= common || document.confirmed.version.length === 0) continue
    ledger.setOffered(document, true)
  }
  const since = Math.min(common, ledger.link.cursor.since)
  ledger.setLink({ epochs, seen: common, cursor: { epoch: epochs.at(-1)?.id, since, after: since } })
  if (ledger.link.collected <= common) return
  // Tombstones that were dropped here are there again, below that point: only a scan from the start shows them.
  ledger.setLink({ collected: common })
  rescan(ledger)
}

/** The smallest of `seen` and the beginnings that follow, on either side, the last epoch that both lists share. */
export function commonPoint(ours: readonly Epoch[], theirs: readonly Epoch[], seen: Seq): Seq {
  for (let index = ours.length - 1; index >= 0; index--) {
    const there = theirs.findIndex((epoch) => epoch.id === ours[index]?.id)
    if (there < 0) continue
    const ends = [ours[index + 1]?.began, theirs[there + 1]?.began].filter((began) => began !== undefined)
    // In an epoch that both are in, what was seen cannot be trusted; its beginning can.
    return Math.min(seen, ...(ends.length > 0 ? ends : [(theirs[there] as Epoch).began]))
  }
  return 0
}
