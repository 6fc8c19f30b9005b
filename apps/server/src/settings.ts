import { SyncError } from '@whisker/protocol'
import { z } from 'zod'
import { nearest } from './nearest.ts'

/** Everything that is set from outside, checked. Files are named here and read elsewhere. */
export interface Settings {
  /** The SQLite file, made if it is new. */
  readonly database: string
  readonly host: string
  readonly port: number
  /** Where metrics are told, on this machine only; undefined for nowhere. */
  readonly metricsPort: number | undefined
  /** The web pages of other origins that may come. */
  readonly origins: readonly string[]
  readonly identity: IdentitySettings | undefined
  /** `own`, `all`, or the path of a file. */
  readonly rights: string
  /** Whether the last address in `X-Forwarded-For` is where somebody comes from. */
  readonly isBehindProxy: boolean
  readonly logsRequests: boolean
}

export type IdentitySettings = { readonly kind: 'keys'; readonly file: string } | JwtSettings

export interface JwtSettings {
  readonly kind: 'jwt'
  readonly algorithm: 'HS256' | 'RS256' | 'EdDSA'
  readonly audience: string
  readonly issuer: string
  /** For HS256: the file that holds the secret. */
  readonly secretFile: string | undefined
  /** For the others: the path of a JWKS file, or its https url. */
  readonly jwks: string | undefined
}

const PREFIX = 'WHISKER_'

const text = z.string().trim().min(1)
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'Expected a port, a whole number from 0 to 65535.')
  .transform(Number)
  .refine((number) => number <= 65_535, 'Expected a port of at most 65535.')
const origin = z
  .string()
  .trim()
  .refine(isOrigin, 'Expected an exact origin like https://app.example.org: no `*`, no path, no `/` at its end.')
const flag = z.enum(['yes', 'no']).transform((value) => value === 'yes')

const VARIABLES = {
  WHISKER_DATABASE: text.default('whisker.db'),
  WHISKER_HOST: text.default('127.0.0.1'),
  WHISKER_PORT: port.default(8787),
  WHISKER_METRICS_PORT: port.optional(),
  WHISKER_ORIGINS: text
    .transform((list) => list.split(','))
    .pipe(z.array(origin))
    .default([]),
  WHISKER_API_KEYS: text.optional(),
  WHISKER_JWT_ALGORITHM: z.enum(['HS256', 'RS256', 'EdDSA']).optional(),
  WHISKER_JWT_AUDIENCE: text.optional(),
  WHISKER_JWT_ISSUER: text.optional(),
  WHISKER_JWT_SECRET_FILE: text.optional(),
  WHISKER_JWT_JWKS: text.optional(),
  WHISKER_RIGHTS: text.optional(),
  WHISKER_BEHIND_PROXY: flag.default(false),
  WHISKER_LOG_REQUESTS: flag.default(true),
}
const ENVIRONMENT = z.strictObject(VARIABLES, {
  error: (issue) => (issue.code === 'unrecognized_keys' ? issue.keys.map(unknownVariable).join('\n✖ ') : undefined),
})

type Environment = z.infer<typeof ENVIRONMENT>

/** Throws `invalid_options` with all that is wrong, by the names of the variables. An empty one counts as not set. */
export function settingsFrom(environment: Readonly<Record<string, string | undefined>>): Settings {
  const set = Object.entries(environment).filter(([name, value]) => name.startsWith(PREFIX) && value !== '')
  const read = ENVIRONMENT.safeParse(Object.fromEntries(set))
  if (!read.success) throw invalid(z.prettifyError(read.error))
  const { data } = read
  const identity = identityFrom(data)
  if (data.WHISKER_METRICS_PORT === data.WHISKER_PORT && data.WHISKER_PORT !== 0) {
    throw invalid(`WHISKER_METRICS_PORT is ${data.WHISKER_PORT} as WHISKER_PORT is; expected another port.`)
  }
  return {
    database: data.WHISKER_DATABASE,
    host: data.WHISKER_HOST,
    port: data.WHISKER_PORT,
    metricsPort: data.WHISKER_METRICS_PORT,
    origins: data.WHISKER_ORIGINS,
    identity,
    rights: data.WHISKER_RIGHTS ?? (identity ? 'own' : 'all'),
    isBehindProxy: data.WHISKER_BEHIND_PROXY,
    logsRequests: data.WHISKER_LOG_REQUESTS,
  }
}

function unknownVariable(name: string): string {
  const meant = nearest(
    name.replace(PREFIX, ''),
    Object.keys(VARIABLES).map((one) => one.replace(PREFIX, '')),
  )
  return `There is no ${name}.${meant === undefined ? '' : ` Did you mean ${PREFIX}${meant}?`}`
}

/** As a browser sends it, letter by letter; an app may have a scheme of its own. */
function isOrigin(value: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(value)) return false
  return !/^https?:/.test(value) || (URL.canParse(value) && new URL(value).origin === value)
}

function identityFrom(data: Environment): IdentitySettings | undefined {
  const { WHISKER_API_KEYS: file, WHISKER_JWT_ALGORITHM: algorithm } = data
  const ofJwt = Object.entries(data).filter(([name, value]) => name.startsWith('WHISKER_JWT_') && value !== undefined)
  if (file !== undefined && ofJwt.length > 0) throw invalid('Expected API keys or JWT, got both.')
  if (file !== undefined) return { kind: 'keys', file }
  if (ofJwt.length === 0) return undefined
  const { WHISKER_JWT_AUDIENCE: audience, WHISKER_JWT_ISSUER: issuer } = data
  if (algorithm === undefined || audience === undefined || issuer === undefined) {
    throw invalid('JWT takes WHISKER_JWT_ALGORITHM, WHISKER_JWT_AUDIENCE and WHISKER_JWT_ISSUER, all three.')
  }
  const { WHISKER_JWT_SECRET_FILE: secretFile, WHISKER_JWT_JWKS: jwks } = data
  const isShared = algorithm === 'HS256'
  if (isShared ? secretFile === undefined || jwks !== undefined : jwks === undefined || secretFile !== undefined) {
    throw invalid(`${algorithm} takes ${isShared ? 'WHISKER_JWT_SECRET_FILE' : 'WHISKER_JWT_JWKS'}, and that alone.`)
  }
  return { kind: 'jwt', algorithm, audience, issuer, secretFile, jwks }
}

const invalid = (message: string): SyncError =>
  new SyncError('invalid_options', `The environment does not say what the server should be:\n${message}`, {
    fix: 'The README of apps/server lists the variables.',
  })
