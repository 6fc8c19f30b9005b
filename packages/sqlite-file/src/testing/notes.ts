import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'

/** A path in a new folder, which is removed when the test is over. */
export function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'notes.db')
}

/** Runs statements on a connection of their own. */
export function inDatabase(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

/** Every file of a folder with a hash of its bytes. */
export const fingerprint = (folder: string): readonly string[] =>
  readdirSync(folder)
    .toSorted()
    .map((name) => `${name} ${hashOf(join(folder, name))}`)

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')
