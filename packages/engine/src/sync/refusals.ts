import type { Refusal, SyncError, SyncErrorCode } from '@whisker/protocol'

/** What a failed request means for the round. An unknown code means: try again later, and tell. */
export type Reaction =
  | { readonly kind: 'retry' }
  /** The outbox stays as it is; a new token goes on. */
  | { readonly kind: 'wait_for_token' }
  /** Pushing stops, the outbox stays; pulling goes on if it is allowed. */
  | { readonly kind: 'stop_pushing' }
  | { readonly kind: 'split' }
  | { readonly kind: 'follow'; readonly refusal: Refusal }
  | { readonly kind: 'reissue'; readonly refusal: Refusal }

export function reactionTo(error: SyncError): Reaction {
  const refusal = error.details['refusal'] as Refusal | undefined
  switch (error.code) {
    case 'needs_auth':
      return { kind: 'wait_for_token' }
    case 'forbidden':
    case 'wrong_principal':
    case 'space_full':
      return { kind: 'stop_pushing' }
    case 'too_large':
      return { kind: 'split' }
    case 'resync':
      return refusal ? { kind: 'follow', refusal } : { kind: 'retry' }
    case 'new_epoch':
      return refusal ? { kind: 'reissue', refusal } : { kind: 'retry' }
    default:
      return { kind: 'retry' }
  }
}

/** How long the server asked to be left alone, in milliseconds. */
export function retryAfterOf(error: SyncError): number | undefined {
  const refusal = error.details['refusal'] as Refusal | undefined
  const told = refusal?.retryAfterMs ?? error.details['retryAfterMs']
  return typeof told === 'number' ? told : undefined
}

/** Failures that say nothing about the server, only about the way to it. */
export const isOffline = (code: SyncErrorCode): boolean => code === 'network' || code === 'timeout'
