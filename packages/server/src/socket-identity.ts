import { type Clock, SyncError } from '@whisker/protocol'
import { type RefusedRequest, refusalFor, refusalOf } from './refusal.ts'
import { failureOf } from './request-log.ts'
import type { Principal } from './principal.ts'

export interface IdentityParts {
  readonly clock: Clock
  /** Throws if the token is nobody's. */
  identify(token: string | undefined): Promise<Principal>
  /** Somebody is known, the first time or again. Throws if they may not come in. */
  welcome(): void
  /** Another hello is due. */
  renew(): void
  refuse(refused: RefusedRequest, failure?: readonly string[]): void
}

/** How long before the end another token is asked for. */
const RENEW_MS = 60_000
/** The longest that a timer of Node's waits. */
const MOST_DELAY_MS = 2 ** 31 - 1

/** Who is at the other end of a socket, by the last token that was taken, and for how long. */
export class SocketIdentity {
  readonly #parts: IdentityParts
  #principal: Principal | undefined
  /** The last one that came; those before it, not looked at yet, do not matter any more. */
  #next: { readonly token: string | undefined } | undefined
  #isBusy = false
  #isOver = false
  #stopRenew: () => void = () => undefined
  #stopEnd: () => void = () => undefined

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  get principal(): Principal | undefined {
    return this.#principal
  }

  /** Takes a token, when what came before was looked at. Never rejects. */
  async take(token: string | undefined): Promise<void> {
    this.#next = { token }
    if (this.#isBusy) return
    this.#isBusy = true
    while (this.#next && !this.#isOver) {
      const said = this.#next
      this.#next = undefined
      await this.#look(said.token)
    }
    this.#isBusy = false
  }

  close(): void {
    this.#isOver = true
    this.#stopRenew()
    this.#stopEnd()
  }

  async #look(token: string | undefined): Promise<void> {
    try {
      const principal = await this.#parts.identify(token)
      if (this.#isOver) return
      this.#admit(principal)
      this.#parts.welcome()
      this.#keepUntil(principal.expiresAt)
    } catch (thrown) {
      const refused = refusalFor(thrown)
      this.#parts.refuse(refused, refused.status >= 500 ? failureOf(thrown) : undefined)
    }
  }

  #admit(principal: Principal): void {
    const { id, expiresAt } = principal
    if (this.#principal && this.#principal.id !== id) {
      throw new SyncError('wrong_principal', 'This socket was opened by another principal.', {
        fix: 'Open a socket for each of them.',
      })
    }
    // What is no number is expired, rather than without end.
    if (expiresAt !== undefined && !(expiresAt > this.#parts.clock.now())) throw new SyncError('needs_auth', EXPIRED)
    this.#principal = principal
  }

  #keepUntil(expiresAt: number | undefined): void {
    const { clock } = this.#parts
    this.#stopRenew()
    this.#stopEnd()
    if (expiresAt === undefined) return
    const leftMs = expiresAt - clock.now()
    // A token that lives shorter than that would be asked for again and again.
    const renewMs = expiresAt - Math.min(RENEW_MS, leftMs / 2)
    this.#stopRenew = at(renewMs, clock, () => this.#parts.renew())
    this.#stopEnd = at(expiresAt, clock, () =>
      this.#parts.refuse({ status: 401, refusal: refusalOf('needs_auth', EXPIRED) }),
    )
  }
}

const EXPIRED = 'The token has expired.'

/** Runs `task` at a time, however far that is; returns what cancels it. */
function at(timeMs: number, clock: Clock, task: () => void): () => void {
  let stop: (() => void) | undefined
  const look = (): void => {
    const leftMs = timeMs - clock.now()
    if (leftMs <= 0) return task()
    stop = clock.after(Math.min(leftMs, MOST_DELAY_MS), look)
  }
  look()
  return () => stop?.()
}
