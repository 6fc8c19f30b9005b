import { isIPv6 } from 'node:net'
import type { Clock, Random } from '@whisker/protocol'
import { Admission } from './admission.ts'
import { type RefusedRequest, refused } from './refusal.ts'
import type { Principal } from './principal.ts'
import type { SocketLimits } from './socket-limits.ts'
import { isFull, retryLater, tooMany } from './socket-refusals.ts'
import { Tally } from './tally.ts'

/** What one open socket takes up. */
export interface SocketPlace {
  /** Lets somebody say who they are. Throws if too many do. */
  admit(): void
  /** It is known now whose socket it is. Throws if they have too many. */
  enter(principal: Principal): void
  leave(): void
}

/** How many sockets there are, whose they are and where they came from. */
export class SocketDoor {
  readonly #limits: SocketLimits
  readonly #random: Random
  readonly #admission: Admission
  readonly #byAddress = new Tally()
  readonly #unknownByAddress = new Tally()
  readonly #byPrincipal = new Tally()
  #count = 0

  constructor(limits: SocketLimits, clock: Clock, random: Random) {
    this.#limits = limits
    this.#random = random
    this.#admission = new Admission(limits.hellosPerSecond, clock, random)
  }

  /** Throws if there is no room for one more. */
  check(address: string): void {
    const { sockets, socketsPerAddress, unknownPerAddress } = this.#limits
    const network = networkOf(address)
    const laterMs = retryLater(this.#random)
    if (this.#count >= sockets) refuse(isFull('The server has as many sockets as it takes.', laterMs))
    if (this.#byAddress.of(network) >= socketsPerAddress) refuse(tooMany('sockets from this address', laterMs))
    if (this.#unknownByAddress.of(network) >= unknownPerAddress) {
      refuse(tooMany('sockets from this address that have not said whose they are', laterMs))
    }
  }

  take(address: string): SocketPlace {
    const network = networkOf(address)
    let isKnown = false
    let owner: string | undefined
    const becomeKnown = (): void => {
      if (!isKnown) this.#unknownByAddress.remove(network)
      isKnown = true
    }
    this.#count++
    this.#byAddress.add(network)
    this.#unknownByAddress.add(network)
    return {
      admit: () => {
        const waitMs = this.#admission.take()
        if (waitMs > 0) refuse(isFull('Too many come at once.', waitMs))
      },
      enter: ({ id }) => {
        if (this.#byPrincipal.of(id) >= this.#limits.socketsPerPrincipal) {
          refuse(tooMany('sockets of this principal', retryLater(this.#random)))
        }
        becomeKnown()
        owner = id
        this.#byPrincipal.add(id)
      },
      leave: () => {
        this.#count--
        this.#byAddress.remove(network)
        becomeKnown()
        if (owner !== undefined) this.#byPrincipal.remove(owner)
      },
    }
  }
}

function refuse({ status, refusal }: RefusedRequest): never {
  throw refused(refusal, status)
}

/** Whoever has one address of version 6 has at least 2^64 of them: they count as one, by their first half. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? []
  if (mapped !== undefined) return mapped
  if (!isIPv6(address)) return address
  const [before = '', after] = address.split('::')
  const first = before === '' ? [] : before.split(':')
  const last = after === undefined || after === '' ? [] : after.split(':')
  const zeros = after === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')
}
