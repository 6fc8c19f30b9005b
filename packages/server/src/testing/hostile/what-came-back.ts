import { ANSWER_HEADERS } from '../../answer-headers.ts'
import type { RawAnswer } from './raw-exchange.ts'

/** What came back, as the `expected` of a case writes it. */
export const outcomeOf = (answers: readonly RawAnswer[]): string =>
  answers.map(({ status, body }) => `${status} ${codeOf(shownIn(status, body))}`.trim()).join(', ')

const codeOf = (shown: string): string => /^[a-z_]+/.exec(shown)?.[0] ?? ''

/** The same with the words beside the codes. */
export const shownBy = (answers: readonly RawAnswer[]): string =>
  answers.map(({ status, body }) => `${status} ${shownIn(status, body)}`.trim()).join(', ')

/** `ok` where nothing was refused, and nothing for an empty body. */
function shownIn(status: number, body: string): string {
  if (body === '') return ''
  const shown = saidIn(JSON.parse(body))
  return shown === 'ok' && status !== 200 ? 'no code' : shown
}

/** What every answer has to have and must not have. */
export function wrongHeaders({ headers }: RawAnswer): string[] {
  const missing = Object.entries(ANSWER_HEADERS).filter(([name, value]) => headers.get(name) !== value)
  const telling = ['server', 'x-powered-by', 'via'].filter((name) => headers.has(name))
  return [...missing.map(([name]) => `no ${name}`), ...telling.map((name) => `a ${name}`)]
}

export const said = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `${code}: ${message}`

/** A refusal, what stopped a push, or that there was neither. */
export function saidIn(message: unknown): string {
  const { error, problem } = message as {
    error?: { code: string; message: string }
    problem?: readonly [code: string, ...rest: unknown[]]
  }
  if (error) return said(error)
  return problem ? `${problem[0]}: ${JSON.stringify(problem.slice(1))}` : 'ok'
}
