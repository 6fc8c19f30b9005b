import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { type SyncError, isSyncError, mintEpochId } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from './sqlite-open.ts'
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

/** The error that a path is refused with; it says which path, and what to do. */
function refusalOf(path: string): SyncError {
  try {
    sqliteStore(path)
  } catch (thrown) {
    if (!isSyncError(thrown)) throw thrown
    expect(thrown).toMatchObject({ message: expect.stringContaining(path), fix: expect.any(String) })
    return thrown
  }
  return expect.unreachable()
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
  expect(readdirSync(join(path, '..'))).toEqual(['other.db'])
})

test('the state of a device is refused, called what it is, and left as it is', () => {
  const path = join(temporaryFolder(), 'state.db')
  change(path, 'PRAGMA application_id = 0x57685379; PRAGMA user_version = 1; CREATE TABLE device (id)')
  for (const journal of ['DELETE', 'WAL']) {
    change(path, `PRAGMA journal_mode = ${journal}`)
    expect(refusal(path)).toEqual({ code: 'store_foreign', isUntouched: true })
    expect(refusalOf(path).message).toContain("found a device's state of Whisker Sync")
    expect(readdirSync(join(path, '..'))).toEqual(['state.db'])
  }
})

test('a file that is no database is refused as foreign and left as it is', () => {
  const path = join(temporaryFolder(), 'notes.txt')
  for (const text of ['Once upon a time', 'Dear diary, '.repeat(500)]) {
    writeFileSync(path, text)
    expect(refusal(path)).toEqual({ code: 'store_foreign', isUntouched: true })
    expect(refusalOf(path).fix).toContain('a path of its own')
    expect(readdirSync(join(path, '..'))).toEqual(['notes.txt'])
  }
})

test('a store of a later version is refused and left as it is', async () => {
  const path = await madeStore()
  change(path, 'PRAGMA user_version = 2')
  expect(refusal(path)).toEqual({ code: 'store_newer', isUntouched: true })
})

test('a damaged file is refused and left as it is', async () => {
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

test('a path that cannot hold a store is a failure that names it', () => {
  const folder = temporaryFolder()
  expect(refusalOf(folder)).toMatchObject({ code: 'store_failed', message: expect.stringContaining('it is a folder') })
  const missing = refusalOf(join(folder, 'nowhere', 'sync.db'))
  expect(missing).toMatchObject({ code: 'store_failed', fix: `Make the folder ${join(folder, 'nowhere')} first.` })
  writeFileSync(join(folder, 'file'), 'x')
  expect(refusalOf(join(folder, 'file', 'sync.db')).code).toBe('store_failed')
  expect(readdirSync(folder)).toEqual(['file'])
  // What a folder without the right to write does, for whoever may write everywhere too
  mkdirSync(join(folder, 'sync.db-lock'))
  expect(refusalOf(join(folder, 'sync.db')).code).toBe('store_failed')
  expect(readdirSync(folder)).toEqual(['file', 'sync.db-lock'])
})

test.each(['', 'a\0b', 7 as never, undefined as never])('%j is no path of a store', (path) => {
  expect(() => sqliteStore(path)).toThrowError(
    expect.objectContaining({ code: 'invalid_options', fix: "Write sqliteStore('sync.db')." }),
  )
})

test.each([
  { node: '20.19.0' },
  { node: '24.14.9' },
  { node: '24.15.0', sqlite: '3.51.2' },
  { node: '26.1.0', sqlite: '3.9.0' },
])('what can lose a commit is recognised by its version: %o', (runtime) => {
  const folder = temporaryFolder()
  expect(() => openDatabase(join(folder, 'sync.db'), runtime)).toThrowError(
    expect.objectContaining({ code: 'sqlite_unsafe', fix: expect.stringContaining('24.15') }),
  )
  expect(readdirSync(folder)).toEqual([])
})

test('without node:sqlite the package is imported all the same, and the store says what it needs', async () => {
  const index = JSON.stringify(join(import.meta.dirname, 'index.ts'))
  const program = `const { sqliteStore } = await import(${index})
    try { sqliteStore(':memory:') } catch (thrown) { console.log(thrown.code, thrown.message) }`
  const flags = ['--no-experimental-sqlite', '--input-type=module']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '-e', program])
  expect(stdout).toContain('sqlite_unsafe The store needs the module node:sqlite')
})
