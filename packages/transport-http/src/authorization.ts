import { type TokenSource, readToken } from '@whisker/protocol/transport'

/** The header's value for the token as it is now; undefined without one. */
export async function authorization(source: TokenSource | undefined): Promise<string | undefined> {
  const token = await readToken(source)
  return token === undefined ? undefined : `Bearer ${token}`
}
