import { CHECKS } from './checks.ts'
import type { HostileCase } from './hostile-case.ts'
import type { Finding } from './hostile-world.ts'

type Kind = 'request' | 'upgrade' | 'frame'

export interface Report {
  /** How many were refused. */
  readonly refused: number
  /** How many of those are right up to what is wrong in them: see `isEnveloped`. */
  readonly enveloped: number
  /** How many do no harm, and were served like any other. */
  readonly harmless: number
  /** How many each check refused, of each kind. */
  readonly byCheck: ReadonlyMap<string, Readonly<Record<Kind, number>>>
}

export function reportOf(findings: readonly Finding[]): Report {
  const byCheck = new Map(CHECKS.map(({ name }) => [name, { request: 0, upgrade: 0, frame: 0 }]))
  const refused = findings.filter(({ check }) => check !== undefined && check !== 'none')
  for (const { one, check = '' } of refused) {
    const counts = byCheck.get(check)
    if (counts) counts['talk' in one ? one.kind : 'request']++
  }
  return {
    refused: refused.length,
    enveloped: refused.filter(({ one }) => isEnveloped(one)).length,
    harmless: findings.length - refused.length,
    byCheck,
  }
}

const KINDS: readonly unknown[] = [
  'hello',
  'version',
  'pull',
  'push',
  'cancel',
  'subscribe',
  'unsubscribe',
  'presence',
  'ping',
  'pong',
]
const PUSH_FIELDS = ['v', 'at', 'device', 'ids', 'replicas']

/**
 * Whether it is valid JSON in a valid envelope: a list that begins with a kind that a client says, or a push of this
 * version with all the fields that one has. What is wrong is inside.
 */
function isEnveloped(one: HostileCase): boolean {
  const message = parsed('talk' in one ? one.text : bodyOf(one.sending.bytes))
  if (Array.isArray(message)) return 'talk' in one && KINDS.includes(message[0])
  if (typeof message !== 'object' || message === null || 'talk' in one) return false
  return PUSH_FIELDS.every((field) => Object.hasOwn(message, field)) && 'v' in message && message.v === 1
}

/** What comes after the head, which ends with an empty line. */
function bodyOf(bytes: string | Uint8Array): string {
  const text = Buffer.from(bytes).toString()
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

function parsed(text: string = ''): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The report as a page. */
export function pageOf({ refused, enveloped, harmless, byCheck }: Report): string {
  const percent = Math.floor((enveloped / refused) * 100)
  const rows = CHECKS.map(({ name, refuses }) => {
    const { request = 0, upgrade = 0, frame = 0 } = byCheck.get(name) ?? {}
    return `| \`${name}\` | ${refuses} | ${[request, upgrade, frame].map((count) => count || '').join(' | ')} |`
  })
  return `# What the server refuses

${refused.toLocaleString('en')} requests over HTTP, requests that should open a socket, and conversations on one, that nobody honest sends, are sent to
one server in a process of its own, on a SQLite file, while two others go on writing and reading there, one over HTTP and one
over a socket. Of these ${enveloped.toLocaleString('en')} (${percent} %) are valid JSON in a valid envelope, and wrong inside: a push of this version with all
its fields, or a list that begins with a kind of message. ${harmless.toLocaleString('en')} more are only unusual, and served.

The process lives, its memory stays bounded, nothing fails inside, no row of anybody changes, and the others are served: each of
this is a test in \`packages/server/src/hostile.test.ts\`, and so is that this page is true. The cases are in
\`packages/server/src/testing/hostile\`.

A value that is right where it stands is sent in a push whose check value is wrong: it is read to the end, and refused as
\`replica_forked\`.

| check | refuses | requests | upgrades | frames |
|---|---|---|---|---|
${rows.join('\n')}
`
}
