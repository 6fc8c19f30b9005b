import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isSyncError, mintEpochId } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { isSafe } from './sqlite-open.ts'
import { sqliteStore } from './sqlite-store.ts'
import { seededRandom } from './testing/manual-clock.ts'
import { startProcess } from './testing/processes.ts'
import { temporaryFolder } from './testing/test-server.ts'

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** The code that a file is refused with, and whether the file is as it was. */
function refusal(path: string): { readonly code: string; readonly isUntouched: boolean } {
  const before = digest(path)
  let code = 'none'
  try {
    sqliteStore(path)
  } catch (thrown) {
    if (isSyncError(thrown)) code = thrown.code
  }
  return { code, isUntouched: digest(path) === before }
}

async function madeStore(): Promise<string> {
  const path = join(temporaryFolder(), 'sync.db')
  const store = sqliteStore(path)
  await store.begin(mintEpochId(seededRandom(1)))
  await store.close()
  return path
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

test('a database of another application is refused and left as it is', () => {
  const path = join(temporaryFolder(), 'other.db')
  change(path, 'CREATE TABLE notes (text TEXT)')
  expect(refusal(path)).toEqual({ code: 'store_foreign', isUntouched: true })
  change(path, 'PRAGMA journal_mode = WAL; PRAGMA application_id = 42')
  expect(refusal(path)).toEqual({ code: 'store_foreign', isUntouched: true })
  expect(readdirSync(join(path, '..'))).not.toContain('other.db-lock')
})

test('a store of a later version is refused and left as it is', async () => {
  const path = await madeStore()
  change(path, 'PRAGMA user_version = 2')
  expect(refusal(path)).toEqual({ code: 'store_newer', isUntouched: true })
})

test('a damaged file is refused and left as it is', async () => {
  const text = join(temporaryFolder(), 'notes.txt')
  writeFileSync(text, 'Once upon a time')
  expect(refusal(text)).toEqual({ code: 'store_damaged', isUntouched: true })

  const incomplete = await madeStore()
  change(incomplete, 'DROP TABLE document_tail')
  expect(refusal(incomplete)).toEqual({ code: 'store_damaged', isUntouched: true })

  const torn = await madeStore()
  const bytes = readFileSync(torn)
  bytes.fill(0x5a, 100, 4096)
  writeFileSync(torn, bytes)
  expect(refusal(torn)).toEqual({ code: 'store_damaged', isUntouched: true })

  const inside = await madeStore()
  const pages = readFileSync(inside)
  pages.fill(0x5a, 4096, pages.length)
  writeFileSync(inside, pages)
  expect(refusal(inside)).toEqual({ code: 'store_damaged', isUntouched: true })
})

test('an empty file becomes a store', () => {
  const path = join(temporaryFolder(), 'sync.db')
  writeFileSync(path, '')
  expect(() => sqliteStore(path)).not.toThrow()
})

test('a store that is open is refused to a second server, in this process or another', async () => {
  const path = await madeStore()
  const store = sqliteStore(path)
  expect(() => sqliteStore(path)).toThrowError(expect.objectContaining({ code: 'store_in_use' }))
  await store.close()
  const { child, ended } = await startProcess('serving-process.ts', path)
  expect(() => sqliteStore(path)).toThrowError(expect.objectContaining({ code: 'store_in_use' }))
  child.kill('SIGKILL')
  await ended
  const again = sqliteStore(path)
  onTestFinished(async () => again.close())
})

test('a file is opened with what the promises rest on', async () => {
  const path = await madeStore()
  const database = new DatabaseSync(path, { readOnly: true })
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  database.close()
})

test('a folder that is not there is a failure with a name', () => {
  expect(() => sqliteStore(join(temporaryFolder(), 'nowhere', 'sync.db'))).toThrowError(
    expect.objectContaining({ code: 'store_failed' }),
  )
})

test('a SQLite that can lose a commit is recognised by its version', () => {
  expect(['3.51.3', '3.51.10', '3.52.0', '4.0.0'].map(isSafe)).toEqual([true, true, true, true])
  expect(['3.51.2', '3.50.9', '3.9.9', '2.99.99', 'unknown'].map(isSafe)).toEqual([false, false, false, false, false])
})
