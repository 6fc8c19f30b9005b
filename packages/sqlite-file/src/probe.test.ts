import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as sqlite from 'node:sqlite'
import { type SyncError, isSyncError } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { connectAlone, probe } from './index.ts'
import { fingerprint, inDatabase, newPath } from './testing/notes.ts'
import { NOTES } from './testing/notes-kind.ts'

/** The refusal of a file, which leaves its folder as it was. */
function refusalOf(path: string): SyncError {
  const before = fingerprint(dirname(path))
  try {
    probe(sqlite, path, NOTES)
  } catch (thrown) {
    expect(fingerprint(dirname(path))).toEqual(before)
    if (!isSyncError(thrown)) throw thrown
    expect(thrown).toMatchObject({ message: expect.stringContaining(path), fix: expect.any(String) })
    return thrown
  }
  return expect.unreachable()
}

/** A store with a page or more of notes and of tags. */
function madeStore(): string {
  const path = newPath()
  const database = connectAlone(sqlite, path, NOTES)
  for (const table of ['notes', 'tags']) {
    const insert = database.prepare(`INSERT INTO ${table} (text) VALUES (?)`)
    for (let row = 0; row < 100; row++) insert.run(`${row}`.padEnd(400, '.'))
  }
  database.close()
  return path
}

/** A copy of a file as a process leaves it that dies in the middle of a commit: half of it is there, and how to undo it. */
function crashed(made: string, sql: string): string {
  const path = newPath()
  const database = new sqlite.DatabaseSync(made)
  // With no room to keep pages in memory, they are written before the commit
  database.exec(`PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; ${sql}`)
  for (const end of ['', '-journal']) copyFileSync(made + end, path + end)
  database.close()
  return path
}

const CHANGE_TAGS = "UPDATE tags SET text = replace(text, '.', '!')"

test('an absent file is fine, and stays absent', () => {
  const path = newPath()
  expect(probe(sqlite, path, NOTES)).toBe('sound')
  expect(readdirSync(dirname(path))).toEqual([])
})

test("a store of the product's other kind is called by its name", () => {
  const path = newPath()
  inDatabase(path, 'PRAGMA application_id = 0x57685376; CREATE TABLE notes (text TEXT)')
  expect(refusalOf(path)).toMatchObject({
    code: 'store_foreign',
    message: `Expected a store of notes, or no file at all, at ${path}; found a server's database of Whisker Sync.`,
  })
})

test('a store of a later version names the package to update', () => {
  const path = madeStore()
  inDatabase(path, 'PRAGMA user_version = 3')
  expect(refusalOf(path)).toMatchObject({
    code: 'store_newer',
    message: expect.stringContaining('version 3'),
    fix: expect.stringContaining('Update @whisker/notes'),
  })
})

test.each([
  ['a table of it is missing', 'DROP TABLE tags', 'it has no table tags'],
  ['it has no version', 'PRAGMA user_version = 0', 'its schema version is 0'],
])('a store is damaged if %s', (_, sql, why) => {
  const path = madeStore()
  inDatabase(path, sql)
  expect(refusalOf(path)).toMatchObject({ code: 'store_damaged', message: expect.stringContaining(why) })
})

test('a commit that crashed in its middle is undone by who opens the file', () => {
  const path = crashed(madeStore(), CHANGE_TAGS)
  const before = fingerprint(dirname(path))
  expect(readFileSync(path, 'latin1')).toContain('!!!!')
  const look = probe(sqlite, path, NOTES)
  expect(look).toBe('unfinished')
  expect(fingerprint(dirname(path))).toEqual(before)
  const database = connectAlone(sqlite, path, NOTES, look)
  expect(database.prepare("SELECT count(*) AS changed FROM tags WHERE text LIKE '%!%'").get()).toEqual({ changed: 0 })
  database.close()
})

test('damage beside a commit that crashed is found when the file is opened', () => {
  const path = crashed(madeStore(), CHANGE_TAGS)
  const bytes = readFileSync(path)
  bytes.fill(0x5a, bytes.indexOf('50......'), bytes.indexOf('50......') + 4096)
  writeFileSync(path, bytes)
  const look = probe(sqlite, path, NOTES)
  expect(look).toBe('unfinished')
  expect(() => connectAlone(sqlite, path, NOTES, look)).toThrowError(expect.objectContaining({ code: 'store_damaged' }))
})

test('a file of another program, or of a later version, is refused with its crashed commit as it is', () => {
  const later = madeStore()
  inDatabase(later, 'PRAGMA user_version = 3')
  expect(refusalOf(crashed(later, CHANGE_TAGS)).code).toBe('store_newer')
  const foreign = madeStore()
  inDatabase(foreign, 'PRAGMA application_id = 7')
  expect(refusalOf(crashed(foreign, CHANGE_TAGS)).code).toBe('store_foreign')
})

test('a file of another program that is in use is refused without a look into its log', () => {
  const path = newPath()
  const database = new sqlite.DatabaseSync(path)
  database.exec('PRAGMA application_id = 7; CREATE TABLE photos (name TEXT); PRAGMA journal_mode = WAL')
  database.exec("INSERT INTO photos VALUES ('cat')")
  const copy = newPath()
  for (const end of ['', '-wal']) copyFileSync(path + end, copy + end)
  database.close()
  expect(refusalOf(copy).code).toBe('store_foreign')
  expect(readdirSync(dirname(copy))).toEqual(['notes.db', 'notes.db-wal'])
})

test('what is no database is foreign, and damaged where a store was locked', () => {
  const path = newPath()
  writeFileSync(path, 'Dear diary, '.repeat(500))
  expect(refusalOf(path).code).toBe('store_foreign')
  writeFileSync(`${path}-lock-of-a-space`, '')
  expect(refusalOf(path).code).toBe('store_damaged')
})
