import type { Action, Authorize } from '@whisker/server'
import { z } from 'zod'
import { readJson, wrongFile } from './files.ts'

const ACTIONS = ['read', 'write', 'create', 'manage'] as const satisfies readonly Action[]

/** What somebody may do where: names of spaces, or how they begin, with a `*` at the end. */
const RULES = z.array(
  z.strictObject({
    principals: z.array(z.string().min(1)).min(1),
    spaces: z.array(z.string().regex(/^[^*]*\*?$/, 'Expected a `*` at the end only.')).min(1),
    may: z.array(z.enum(ACTIONS)).min(1),
  }),
)
export type Rule = z.infer<typeof RULES>[number]

export interface Rights {
  readonly authorize: Authorize
  /** Those of a file; undefined where there is none. */
  readonly rules?: readonly Rule[] | undefined
}

const FIX = 'Write a list of { "principals": [], "spaces": [], "may": [] }, as the README of apps/server shows.'

/** Who may do what: `own`, `all`, or the rules of a file. Throws `invalid_options` for a file that cannot be read so. */
export function readRights(setting: string): Rights {
  if (setting === 'own') return { authorize: ({ id }, space) => isOwn(id, space) }
  if (setting === 'all') return { authorize: () => true }
  const rules = readRules(setting)
  return { authorize: ({ id }, space, action) => rules.some((rule) => allows(rule, id, space, action)), rules }
}

/** A space of their own is called as they are, or begins so and goes on with a dot. `a` must not get those of `a.b`. */
const isOwn = (id: string, space: string): boolean => !id.includes('.') && (space === id || space.startsWith(`${id}.`))

const allows = ({ principals, spaces, may }: Rule, id: string, space: string, action: Action): boolean =>
  may.includes(action) &&
  (principals.includes(id) || principals.includes('*')) &&
  spaces.some((name) => (name.endsWith('*') ? space.startsWith(name.slice(0, -1)) : space === name))

function readRules(path: string): readonly Rule[] {
  const file = { variable: 'WHISKER_RIGHTS', path }
  const read = RULES.safeParse(readJson(file, FIX))
  if (read.success) return read.data
  throw wrongFile(file, `Expected a list of rights:\n${z.prettifyError(read.error)}`, FIX, read.error)
}
