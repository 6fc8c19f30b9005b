import { decodeRefusal, parseJson } from '@whisker/protocol'
import { onTestFinished } from 'vitest'
import type { Principal } from '../principal.ts'
import type { Authenticate } from '../server-options.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { testServer } from './test-server.ts'

export interface Shown {
  readonly status: number
  readonly code: string | undefined
  readonly message: string | undefined
}

export interface TokenDoor {
  /** What a request with a token is answered. */
  readonly show: (token: string | undefined) => Promise<Shown>
  /** Who came in, in order. */
  readonly known: Principal[]
  /** The lines of the log, and what was answered. */
  readonly said: readonly string[]
}

/**
 * A server with an `authenticate`, and somebody before it who shows tokens. No token may be in anything that it answers
 * or logs.
 */
export function tokenDoor(authenticate: Authenticate, clock: ManualClock = manualClock()): TokenDoor {
  const known: Principal[] = []
  const said: string[] = []
  const tokens: string[] = []
  const { server } = testServer({
    authenticate,
    clock,
    log: (line) => said.push(line),
    authorize(principal) {
      known.push(principal)
      return true
    },
  })
  onTestFinished(() => {
    const leaked = tokens.filter((token) => said.some((text) => text.includes(token)))
    if (leaked.length > 0) throw new Error(`${leaked.length} tokens were told to the log or to the client.`)
  })
  return {
    known,
    said,
    async show(token) {
      // Less than that is in any text.
      if (token !== undefined && token.length >= 8) tokens.push(token)
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const response = await server.fetch(new Request('http://localhost/v1/spaces/stories/version', { headers }))
      const text = await response.text()
      said.push(text, JSON.stringify([...response.headers]))
      const refusal = response.ok ? undefined : decodeRefusal(parseJson(text))
      return { status: response.status, code: refusal?.code, message: refusal?.message }
    },
  }
}

export const NEEDS_AUTH: { readonly status: number; readonly code: string } = { status: 401, code: 'needs_auth' }
