import { SyncError } from '@whisker/protocol'
import type { TokenSource } from './options.ts'

/** The header's value for the token as it is now; undefined without one. No error ever shows a token. */
export async function authorization(source: TokenSource | undefined): Promise<string | undefined> {
  const token = typeof source === 'function' ? await ask(source) : source
  if (token === undefined || token === '') return undefined
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`
  throw new SyncError('needs_auth', 'Expected a token of visible ASCII characters without spaces, got another.', {
    fix: 'Pass the bare token, without "Bearer" before it and without a line break after it.',
  })
}

async function ask(source: () => string | undefined | Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await source()
  } catch (cause) {
    throw new SyncError('needs_auth', 'The function that gives the token failed.', {
      fix: 'Sign in again; see the cause for what it threw.',
      cause,
    })
  }
}
