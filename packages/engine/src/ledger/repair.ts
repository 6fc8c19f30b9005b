import { type DocumentState, type Page, compareVersions, isTombstone, join, sameDigest } from '@whisker/protocol'
import type { LocalDocument } from './document.ts'
import type { Ledger } from './ledger.ts'
import { rescan } from './scan.ts'

/*
 * At the head, both sides hold the same, and so do their digests say; or something was lost on a disk. Then the server
 * counts what it has, and if they still differ, a scan from the start brings what is missing here and tells what is
 * missing there, which is offered. What is on one side only stays: it is worse to lose a document than to see it again.
 */

/** What the digest of a last page says. */
export type Finding =
  /** Nothing that anything is to be done about now. */
  | 'nothing'
  /** A difference that was not there before, or for long: the repair begins. */
  | 'mismatch'
  /** The repair goes on. */
  | 'unfinished'
  | 'repaired'

/** A difference that a repair did not help against is let be for so long. */
const REPAIR_EVERY_MS = 3_600_000

/** Whether what is held now, up to the head, is something else than the server held there, and that is yet to be seen to. */
export function isMismatch(ledger: Ledger, { digest, head }: Page, nowMs: number): boolean {
  const { seen, repair, repairedAt, lacksRows } = ledger.link
  // What is offered the server lacks, as is known.
  if (!digest || seen !== head || repair !== 'none' || ledger.offered.size > 0) return false
  // A clock that was put back has to begin anew.
  const isDue = repairedAt === undefined || Math.abs(nowMs - repairedAt) >= REPAIR_EVERY_MS
  return lacksRows || (isDue && !sameDigest(ledger.digest, digest))
}

/** Compares, once a page that has come to the head is taken in, and sets off what comes next. */
export function checkDigest(ledger: Ledger, page: Page, nowMs: number): Finding {
  const { repair, seen, lacksRows } = ledger.link
  const { digest, head, more } = page
  if (repair === 'none') return !more && isMismatch(ledger, page, nowMs) ? begin(ledger, nowMs) : 'nothing'
  if (more || !digest || seen !== head) return 'nothing'
  if (ledger.offered.size > 0) return 'unfinished'
  // A document that was made anew where its row is gone may be another under the same version.
  if (sameDigest(ledger.digest, digest) && !lacksRows) return end(ledger)
  if (repair !== 'recount') {
    ledger.setLink({ repair: 'none' })
    return 'nothing'
  }
  rescan(ledger)
  ledger.setLink({ repair: 'scan' })
  return 'unfinished'
}

function begin(ledger: Ledger, nowMs: number): Finding {
  ledger.setLink({ repair: 'recount', repairedAt: nowMs })
  ledger.count({ mismatchesSeen: 1 })
  return 'mismatch'
}

function end(ledger: Ledger): Finding {
  ledger.setLink({ repair: 'none' })
  ledger.count({ mismatchesRepaired: 1 })
  return 'repaired'
}

/**
 * What becomes of a document's confirmed state when a page shows it: what the server has lost of it is offered. Only a
 * device that was away for too long, or had no access, cannot tell that from what was deleted and collected.
 */
export function mend(ledger: Ledger, document: LocalDocument, theirs: DocumentState): DocumentState {
  const { repair, wantsOwn } = ledger.link
  if (wantsOwn && repair !== 'scan') return theirs
  const order = compareVersions(document.confirmed.version, theirs.version)
  if (order === 'before' || order === 'equal') return theirs
  // A tombstone that the server has collected must not meet the document that was made anew there.
  if (order === 'concurrent' && isTombstone(document.confirmed)) return theirs
  ledger.setOffered(document, true)
  return join(document.confirmed, theirs)
}
