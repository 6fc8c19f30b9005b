import { writeFileSync } from 'node:fs'
import * as sqlite from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type Look, connect, connectAlone, probe } from './index.ts'
import { inDatabase, newPath } from './testing/notes.ts'
import { NOTES } from './testing/notes-kind.ts'
import { startProcess } from './testing/processes.ts'

function open(path: string, look?: Look): sqlite.DatabaseSync {
  const database = connectAlone(sqlite, path, NOTES, look)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

const told = (database: sqlite.DatabaseSync, ...names: readonly string[]): readonly unknown[] =>
  names.map((name) => database.prepare(`PRAGMA ${name}`).get()?.[name])

/** A store without a log, in which another connection reads. */
function readElsewhere(): { readonly path: string; readonly reader: sqlite.DatabaseSync } {
  const path = newPath()
  open(path).close()
  inDatabase(path, 'PRAGMA journal_mode = DELETE')
  const reader = new sqlite.DatabaseSync(path)
  reader.exec('BEGIN; SELECT * FROM notes')
  onTestFinished(() => reader.close())
  return { path, reader }
}

test('a new file is a store, with the settings that make commits last and those of its kind', () => {
  const database = open(newPath())
  expect(told(database, 'journal_mode', 'synchronous', 'fullfsync', 'checkpoint_fullfsync', 'mmap_size')).toEqual([
    'wal',
    2,
    1,
    1,
    0,
  ])
  expect(told(database, 'secure_delete')).toEqual([1])
  expect(told(database, 'application_id', 'user_version')).toEqual([0x57685379, 2])
  expect(database.prepare('SELECT * FROM notes').all()).toEqual([])
})

test('what was stored is there when the file is opened again', async () => {
  const path = newPath()
  const first = open(path)
  first.exec("INSERT INTO notes VALUES (1, 'kept')")
  first.close()
  const again = await connect(sqlite, path, NOTES, probe(sqlite, path, NOTES))
  expect(again.prepare('SELECT text FROM notes').all()).toEqual([{ text: 'kept' }])
  again.close()
})

test.each([
  ['a file of no bytes', (path: string) => writeFileSync(path, '')],
  ['a database without tables', (path: string) => inDatabase(path, 'PRAGMA journal_mode = WAL')],
])('%s becomes a store', (_, make) => {
  const path = newPath()
  make(path)
  expect(probe(sqlite, path, NOTES)).toBe('sound')
  expect(told(open(path), 'application_id')).toEqual([0x57685379])
})

test('in memory there are the same tables, and no log', () => {
  const database = open(':memory:')
  expect(told(database, 'journal_mode', 'synchronous', 'user_version')).toEqual(['memory', 2, 2])
})

test('a database that is no store of the kind is refused before anything is written to it', () => {
  const path = newPath()
  inDatabase(path, 'CREATE TABLE photos (name TEXT)')
  expect(() => open(path)).toThrowError(expect.objectContaining({ code: 'store_foreign' }))
  const database = new sqlite.DatabaseSync(path)
  expect(told(database, 'journal_mode', 'application_id')).toEqual(['delete', 0])
  database.close()
})

test('a connection among others waits until they let it change to a log', async () => {
  const { path, reader } = readElsewhere()
  const opening = connect(sqlite, path, { ...NOTES, busyMs: 5000 })
  reader.exec('COMMIT')
  const database = await opening
  expect(told(database, 'journal_mode')).toEqual(['wal'])
  database.close()
})

test('a connection among others waits for their transactions as long as its kind says', async () => {
  const database = await connect(sqlite, newPath(), NOTES)
  expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: NOTES.busyMs })
  database.close()
})

test('a file that another process is making at this moment is a store once that is done', async () => {
  const path = newPath()
  expect((await startProcess('making-process.ts', path)).line).toBe('making')
  const database = await connect(sqlite, path, { ...NOTES, busyMs: 10_000 })
  expect(told(database, 'application_id', 'user_version')).toEqual([0x57685379, 2])
  database.close()
})

test('a connection that is alone on its file takes what another does there for an error', () => {
  const { path } = readElsewhere()
  expect(() => open(path)).toThrowError(/locked/)
})
