import { SyncError } from '../errors.ts'

/** A bearer token, or what to ask for one; undefined is none. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>)

/** The token as it is now; undefined if there is none. No error ever shows one. */
export async function readToken(source: TokenSource | undefined): Promise<string | undefined> {
  const token = typeof source === 'function' ? await ask(source) : source
  if (token === undefined || token === '') return undefined
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
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
