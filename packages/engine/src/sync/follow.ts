import type { Refusal } from '@whisker/protocol'
import { adoptAnswer } from '../ledger/answers.ts'
import { rewind } from '../ledger/rewind.ts'
import { rescan } from '../ledger/scan.ts'
import type { Round } from './round.ts'

/** Follows a server whose history is not the one that this device knows: it lost some of it, or has cleared it up. */
export function follow({ core, nowMs }: Round, { reason, epochs, timeMs, head }: Refusal): void {
  if (reason !== 'expired') {
    rewind(core.ledger, epochs)
    return
  }
  adoptAnswer(core.ledger, { epochs, timeMs: timeMs ?? nowMs() }, head ?? 0, nowMs())
  rescan(core.ledger)
}
