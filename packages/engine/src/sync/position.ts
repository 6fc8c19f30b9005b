import type { Dot, PullRequest } from '@whisker/protocol'
import type { Core } from '../core.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** What whoever asks for changes says of this store: how far it has come, who it is, and what need not come back. */
export function positionOf({ options, ledger, store }: Core): Omit<PullRequest, 'limit' | 'waitMs'> {
  const { cursor, seen } = ledger.link
  return {
    space: options.space,
    cursor,
    seen,
    device: { id: store.device, name: options.deviceName },
    acknowledged: acknowledgedBy(ledger),
  }
}

/** By writer; this opening's own is named first, for it is the one that asks. */
function acknowledgedBy(ledger: Ledger): readonly Dot[] {
  const { slot, slots, link } = ledger
  const replicas = [...slots.values()].map(({ replica }) => replica)
  return [slot.replica, ...replicas.filter((replica) => replica !== slot.replica)]
    .map((replica) => ({ replica, counter: link.wantsOwn ? 0 : ledger.acknowledgedOf(replica).counter }))
    .filter(({ replica, counter }) => counter > 0 || replica === slot.replica)
}
