import { type Refusal, isSyncError } from '@whisker/protocol'

/** One request, or one subscription when it is over, as the log tells of it: nothing that anybody wrote, no id of a document, no token. */
export interface LogEntry {
  readonly at: string
  readonly method: string
  readonly route: string
  readonly space?: string | undefined
  readonly status: number
  readonly code?: string | undefined
  readonly ms: number
  readonly bytes: number
  /** Operations of a push, rows of a page, messages to a subscriber. */
  readonly operations?: number | undefined
  /** Where the server's own failure happened. */
  readonly failure?: readonly string[] | undefined
}

/** One line whatever the values hold: JSON escapes what would break it, and the rest of what a terminal obeys is escaped too. */
export const toLine = (entry: LogEntry): string =>
  JSON.stringify(entry).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * The name and the places of an error, without its message, which may repeat what somebody wrote; unless it has other words
 * for the client, and so its own for whoever runs the server.
 */
export function failureOf(thrown: unknown): readonly string[] {
  if (!(thrown instanceof Error)) return [typeof thrown]
  const places = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const { code } = thrown as { code?: unknown }
  const name = typeof code === 'string' ? `${thrown.name} ${code}` : thrown.name
  const cause = thrown.cause === undefined ? [] : failureOf(thrown.cause).slice(0, 3)
  return [name, ...ownWords(thrown), ...places.slice(0, 8).map((line) => line.trim()), ...cause].map((line) =>
    line.slice(0, 200),
  )
}

function ownWords(thrown: Error): readonly string[] {
  const { refusal } = (isSyncError(thrown) ? thrown.details : {}) as { readonly refusal?: Refusal }
  return refusal === undefined || refusal.message === thrown.message ? [] : [thrown.message]
}
