import type { SyncStatus } from '@whisker/engine'
import { useSyncStatus } from '@whisker/react'
import type { ReactNode } from 'react'

const WORDS: Readonly<Record<SyncStatus['state'], string>> = {
  stopped: 'Opening',
  syncing: 'Syncing',
  live: 'Live',
  idle: 'Up to date',
  offline: 'Offline: everything is kept here',
  needs_auth: 'Sign in again',
  error: 'The server refuses',
  stuck: 'Nothing gets through',
}

export function StatusLine(): ReactNode {
  const { state, pending, reason } = useSyncStatus()
  return (
    <p role="status" data-state={state} title={reason && `${reason.message} ${reason.fix}`}>
      {WORDS[state]}
      {pending > 0 && `, ${pending} to send`}
    </p>
  )
}
