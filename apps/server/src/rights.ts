import { readFileSync } from 'node:fs'
import { SyncError } from '@whisker/protocol'
import type { Action, Authorize } from '@whisker/server'
import { z } from 'zod'

const ACTIONS = ['read', 'write', 'create', 'manage'] as const satisfies readonly Action[]

/** What somebody may do where: names of spaces, or how they begin, with a `*` at the end. */
const RULES = z.array(
  z.strictObject({
    principals: z.array(z.string().min(1)).min(1),
    spaces: z.array(z.string().regex(/^[^*]*\*?$/, 'Expected a `*` at the end only.')).min(1),
    may: z.array(z.enum(ACTIONS)).min(1),
  }),
)
type Rule = z.infer<typeof RULES>[number]

/** Who may do what: `own`, `all`, or the rules of a file. Throws `invalid_options` for a file that cannot be read so. */
export function readRights(setting: string): Authorize {
  if (setting === 'own') return ({ id }, space) => isOwn(id, space)
  if (setting === 'all') return () => true
  const rules = readRules(setting)
  return ({ id }, space, action) => rules.some((rule) => allows(rule, id, space, action))
}

/** A space of their own is called as they are, or begins so and goes on with a dot. `a` must not get those of `a.b`. */
const isOwn = (id: string, space: string): boolean => !id.includes('.') && (space === id || space.startsWith(`${id}.`))

const allows = ({ principals, spaces, may }: Rule, id: string, space: string, action: Action): boolean =>
  may.includes(action) &&
  (principals.includes(id) || principals.includes('*')) &&
  spaces.some((name) => (name.endsWith('*') ? space.startsWith(name.slice(0, -1)) : space === name))

function readRules(file: string): readonly Rule[] {
  try {
    return RULES.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message
    throw new SyncError('invalid_options', `The rights in ${file} cannot be read:\n${why}`, {
      fix: 'Write a list of { "principals": [], "spaces": [], "may": [] }, as the README of apps/server shows.',
      cause,
    })
  }
}
