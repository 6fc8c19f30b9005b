import { readFileSync } from 'node:fs'
import { SyncError } from '@whisker/protocol'

/** A file, and the variable that names it: both are told when something is wrong with it. */
export interface NamedFile {
  readonly variable: string
  readonly path: string
}

/** What is wrong with a file, which is not shown: what it holds may be secret. */
export const wrongFile = ({ variable, path }: NamedFile, what: string, fix: string, cause?: unknown): SyncError =>
  new SyncError('invalid_options', `${variable}=${path}: ${what}`, { fix, cause })

/** A file of text. Throws `invalid_options`. */
export function readText(file: NamedFile, fix: string): string {
  const bytes = readBytes(file)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw wrongFile(file, 'Expected text in UTF-8, got other bytes.', fix)
  }
}

/** A file of JSON. Throws `invalid_options`. */
export function readJson(file: NamedFile, fix: string): unknown {
  const text = readText(file, fix)
  try {
    return JSON.parse(text)
  } catch (error) {
    // The rest of its message shows a part of what was read.
    const [place] = /line \d+ column \d+/.exec((error as Error).message) ?? []
    throw wrongFile(file, `Expected JSON, got something else${place === undefined ? '' : ` at ${place}`}.`, fix)
  }
}

function readBytes(file: NamedFile): Buffer {
  try {
    return readFileSync(file.path)
  } catch (cause) {
    const why = `The file cannot be read: ${(cause as Error).message}.`
    throw wrongFile(file, why, `Check the path in ${file.variable}, and who may read it.`, cause)
  }
}
