import { isSyncError } from '@whisker/protocol'

/** To whoever runs the server; the standard output is for the log of requests. */
export const tell = (line: string): void => void process.stderr.write(`${line}\n`)

export function messageOf(error: unknown): string {
  if (!isSyncError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
  return error.fix === undefined ? error.message : `${error.message}\n${error.fix}`
}
