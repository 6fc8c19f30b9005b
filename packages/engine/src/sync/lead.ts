import type { Core } from '../core.ts'

/**
 * Whether this opening of the store is the one that talks to the server; it is from now on, if no other is. The
 * lead counts from the moment that it is on disk: whoever had it before can then commit nothing more as the leader.
 */
export async function takeLead({ ledger, store, committer }: Core): Promise<boolean> {
  if (!(await store.lead())) return false
  if (ledger.isLeader) return true
  ledger.setLead(ledger.options.opening)
  await committer.flush()
  return ledger.isLeader
}
