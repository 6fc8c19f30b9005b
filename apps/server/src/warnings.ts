import { isName } from '@whisker/protocol'
import type { ApiKey } from '@whisker/server/auth'
import { nearest } from './nearest.ts'
import type { Rule } from './rights.ts'

/** What the files hold, for those that there are. */
export interface Lists {
  readonly keys: readonly ApiKey[] | undefined
  readonly rules: readonly Rule[] | undefined
  readonly isOwn: boolean
}

/** What can be meant so and is most likely a mistake, a line each. */
export const warningsOf = ({ keys, rules, isOwn }: Lists, nowMs: number): string[] => [
  ...(keys?.length === 0 ? ['There are no keys, so nobody can come in.'] : []),
  ...(rules?.length === 0 ? ['There are no rights, so nobody may do anything.'] : []),
  ...(keys ?? []).flatMap((key, place) => (hasExpired(key, nowMs) ? [expired(key, place)] : [])),
  ...(isOwn ? [...idsOf(keys ?? [])].flatMap(withoutSpaces) : []),
  ...(rules ?? []).flatMap(({ spaces }, place) => spaces.flatMap((space) => impossible(space, place))),
  ...(keys && rules ? strangers(rules, [...idsOf(keys)]) : []),
]

export const hasExpired = ({ expiresAt = Infinity }: ApiKey, nowMs: number): boolean => expiresAt <= nowMs

const idOf = ({ principal }: ApiKey): string => (typeof principal === 'string' ? principal : principal.id)
const idsOf = (keys: readonly ApiKey[]): Set<string> => new Set(keys.map(idOf))

const expired = (key: ApiKey, place: number): string =>
  `keys[${place}], of ${JSON.stringify(idOf(key))}, expired at ${timeOf(key.expiresAt ?? 0)}.`

/** A time may be too far away for a date. */
const timeOf = (ms: number): string => (Number.isNaN(new Date(ms).getTime()) ? `${ms}` : new Date(ms).toISOString())

function withoutSpaces(id: string): string[] {
  if (isName(id) && !id.includes('.')) return []
  const why = isName(id) ? 'with a dot in it, it would have some of another’s' : 'no space can be called so'
  return [`${JSON.stringify(id)} has no spaces under WHISKER_RIGHTS=own: ${why}. Name a file of rights.`]
}

/** A space, or how it begins. */
function impossible(space: string, place: number): string[] {
  const start = space.replace(/\*$/, '')
  if (isName(start) || space === '*') return []
  const name = 'a name has 1 to 128 of A-Z a-z 0-9 _ - . ~ : and begins with a letter, a digit or _'
  return [`rights[${place}] is for ${JSON.stringify(space)}, and no space can be called so: ${name}.`]
}

const strangers = (rules: readonly Rule[], known: readonly string[]): string[] =>
  rules.flatMap(({ principals }, place) =>
    principals
      .filter((id) => id !== '*' && !known.includes(id))
      .map((id) => {
        const meant = nearest(id, known)
        const hint = meant === undefined ? '' : ` Did you mean ${JSON.stringify(meant)}?`
        return `rights[${place}] is for ${JSON.stringify(id)}, who has no key.${hint}`
      }),
  )
