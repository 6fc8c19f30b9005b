import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '@whisker/protocol'
import { inTime } from './in-time.ts'
import { noSuchSpace, readOnly, refused } from './refusal.ts'
import type { Principal } from './principal.ts'
import type { Action, Authorize, Recheck } from './server-options.ts'

/** How long an answer of `authorize` is trusted, counted from the question. */
const TRUSTED_MS = 1000
/** Past it the oldest answer is forgotten, and asked for again. */
const MOST_ANSWERS = 10_000

interface Question {
  /** Kept whole: who comes with the same id and another token may have other rights. */
  readonly principal: Principal
  readonly space: string
  readonly askedMs: number
  readonly isAllowed: Promise<boolean>
  isForgotten: boolean
}

export interface AskRights {
  /** Refuses unless the principal may. */
  allow(principal: Principal, space: string, action: Action): Promise<void>
}

/** Who may do what: the one place that asks `authorize`, and what it said within the last second. */
export class Rights implements AskRights {
  readonly #authorize: Authorize | undefined
  readonly #clock: Clock
  /** By what was asked, the oldest first. One without an answer is among them: who asks the same waits for it too. */
  readonly #questions = new Map<string, Question>()

  constructor(authorize: Authorize | undefined, clock: Clock) {
    this.#authorize = authorize
    this.#clock = clock
  }

  /**
   * Resolves if they may; a server that has nobody to ask lets them. Refuses in the same words whether or not there is
   * such a space, unless they may read it and know; and fails as `authorize` does.
   */
  async allow(principal: Principal, space: string, action: Action): Promise<void> {
    if (await this.#may(principal, space, action)) return
    const isPush = action === 'write' || action === 'create'
    throw refused(isPush && (await this.#may(principal, space, 'read')) ? readOnly() : noSuchSpace())
  }

  /** What is known of them is asked for again, also by who waits for an answer now. */
  forget({ principal, space }: Recheck): void {
    for (const [key, question] of this.#questions) {
      if (principal !== undefined && question.principal.id !== principal) continue
      if (space !== undefined && question.space !== space) continue
      question.isForgotten = true
      this.#questions.delete(key)
    }
  }

  async #may(principal: Principal, space: string, action: Action): Promise<boolean> {
    const authorize = this.#authorize
    if (!authorize) return true
    for (;;) {
      const question = this.#questionOf(principal, space, action, authorize)
      const isAllowed = await question.isAllowed
      if (!question.isForgotten) return isAllowed
    }
  }

  #questionOf(principal: Principal, space: string, action: Action, authorize: Authorize): Question {
    const key = `${action} ${space} ${principal.id}`
    const known = this.#questions.get(key)
    if (known && this.#isFresh(known) && isSame(known.principal, principal)) return known
    const question: Question = {
      principal,
      space,
      askedMs: this.#clock.now(),
      isAllowed: ask(principal, space, action, authorize, this.#clock),
      isForgotten: false,
    }
    this.#keep(key, question)
    question.isAllowed.catch(() => {
      if (this.#questions.get(key) === question) this.#questions.delete(key)
    })
    return question
  }

  /** A clock that was put back makes nothing last longer. */
  #isFresh({ askedMs }: Question): boolean {
    const ageMs = this.#clock.now() - askedMs
    return ageMs >= 0 && ageMs < TRUSTED_MS
  }

  #keep(key: string, question: Question): void {
    this.#questions.delete(key)
    this.#questions.set(key, question)
    for (const [oldest, old] of this.#questions) {
      if (this.#isFresh(old) && this.#questions.size <= MOST_ANSWERS) return
      this.#questions.delete(oldest)
    }
  }
}

const isSame = (a: Principal, b: Principal): boolean => a === b || isDeepStrictEqual(a, b)

async function ask(
  principal: Principal,
  space: string,
  action: Action,
  authorize: Authorize,
  clock: Clock,
): Promise<boolean> {
  // Nothing but `true` will do: a hook that forgot to await would give an object.
  const answer: unknown = await inTime('authorize', authorize(principal, space, action), clock)
  return answer === true
}
