import { SyncError } from '@whisker/protocol'
import { reissue } from '../ledger/reissue.ts'
import type { Round } from './round.ts'

/** More new names than this in one round, and the server is contradicting itself. */
const MOST_REISSUES = 8

/** Gives everything pending new names under new ids, of the epoch that the server is in. */
export function takeNewId(round: Round): void {
  if (++round.reissues > MOST_REISSUES) {
    throw new SyncError('server_error', 'The server refuses every new replica id of this device.', {
      fix: 'Look at the server: its epoch changes with each request, or its answers come from different databases.',
    })
  }
  const { ledger } = round.core
  reissue(ledger, ledger.link.epochs.at(-1)?.id)
}
