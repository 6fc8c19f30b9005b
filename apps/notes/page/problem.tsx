import type { SyncError } from '@whisker/engine'
import type { ReactNode } from 'react'

/** What keeps the page from opening its store, and what to do about it. */
export function Problem({ error }: { readonly error: unknown }): ReactNode {
  const { code, message, fix } = error as Partial<SyncError>
  return (
    <main role="alert">
      <h1>The notes cannot be opened</h1>
      <p>{message}</p>
      <p>{fix}</p>
      <p className="quiet">{code}</p>
    </main>
  )
}
