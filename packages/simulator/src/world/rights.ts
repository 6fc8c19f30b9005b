/** What a client asks for: over a request, or over a connection that stays. */
export type Said = 'version' | 'pull' | 'push' | 'subscribe'

/** Of these, whoever asks for it needs one: making a space is a right of its own. */
const NEEDED: Readonly<Record<Said, readonly string[]>> = {
  version: ['read'],
  pull: ['read'],
  push: ['write', 'create'],
  subscribe: ['read'],
}

/** How long a server may still go by what it knew before. */
export const TRUSTED_MS = 1000

/** Why somebody may not, from a moment on. */
export interface Ban {
  /** From when on nothing is given any more. */
  readonly firmMs: number
  readonly denies: (action: string) => boolean
}

/** Who may do what in the space: all may do everything, but for strangers and for whom it was taken from. */
export class Rights {
  readonly #denied = new Map<string, Ban>()
  readonly #strangers = new Map<string, Ban>()

  /** Nothing is given from `firmMs` on: at once where the server was told, else when it has to have asked again. */
  deny(principal: string, actions: readonly string[], firmMs: number): void {
    this.#denied.set(principal, { firmMs, denies: (action) => actions.includes(action) })
  }

  restore(principal: string): void {
    this.#denied.delete(principal)
  }

  restoreAll(): void {
    this.#denied.clear()
  }

  /** Somebody comes who will never be allowed anything but this. */
  confine(stranger: string, actions: readonly string[]): void {
    if (this.#strangers.has(stranger)) return
    this.#strangers.set(stranger, { firmMs: 0, denies: (action) => !actions.includes(action) })
  }

  isStranger(principal: string): boolean {
    return this.#strangers.has(principal)
  }

  isDenied(principal: string, action: string): boolean {
    return this.#banOf(principal)?.denies(action) === true
  }

  /** What keeps somebody from asking for something; the same one for as long as it lasts. */
  banFrom(said: Said, principal: string): Ban | undefined {
    const ban = this.#banOf(principal)
    return ban && NEEDED[said].every((action) => ban.denies(action)) ? ban : undefined
  }

  #banOf(principal: string): Ban | undefined {
    return this.#strangers.get(principal) ?? this.#denied.get(principal)
  }
}
