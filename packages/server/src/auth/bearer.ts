import { SyncError } from '@whisker/protocol'

/** As many as Node takes of all headers together. */
const MOST_CHARACTERS = 16 * 1024

/** The bearer token of a request; undefined if it has none, or one that cannot be any. */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? ''
  if (header.length > MOST_CHARACTERS) return undefined
  return /^Bearer +([\x21-\x7e]+)$/i.exec(header)?.[1]
}

/** Who shows this needs another one. It never holds what was shown. */
export const needsAuth = (message: string): SyncError =>
  new SyncError('needs_auth', message, { fix: 'Sign in again, and send the new token in the Authorization header.' })
