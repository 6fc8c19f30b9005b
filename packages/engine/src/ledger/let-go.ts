import type { Ledger } from './ledger.ts'
import type { Rejected } from './rejected.ts'

/** An author that is behind by more of them than this is not told. */
const MOST_KEPT = 100

/** The app lets go of a refused operation. Where another opening wrote it, that one may have yet to learn of it. */
export function letGo(ledger: Ledger, id: string): void {
  const refused = ledger.rejected.get(id)
  if (refused?.position !== undefined && refused.operation.dot.replica !== ledger.slot.replica) {
    const { position, reason } = refused
    ledger.letGo = [...ledger.letGo, { position, reason }].slice(-MOST_KEPT)
    ledger.unstored.records.add('let_go')
  }
  ledger.removeRejected(id)
}

/** Why what stood at a place of the outbox was refused, if it was: whatever name and time it had come to have. */
export function refusalAt(ledger: Ledger, position: number): Rejected['reason'] | undefined {
  for (const refused of [...ledger.rejected.values(), ...ledger.letGo])
    if (refused.position === position) return refused.reason
  return undefined
}
