import * as sqlite from 'node:sqlite'
import { SyncError } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { connectAlone, faultOf, inTransaction, toStoreError } from './index.ts'
import { newPath } from './testing/notes.ts'
import { NOTES } from './testing/notes-kind.ts'

const LONG = 'x'.repeat(1_000_000)

function made(): { readonly path: string; readonly database: sqlite.DatabaseSync } {
  const path = newPath()
  const database = connectAlone(sqlite, path, NOTES)
  onTestFinished(() => database.close())
  return { path, database }
}

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    return thrown
  }
  return expect.unreachable()
}

test('a full disk is disk_full', () => {
  const { path, database } = made()
  database.exec('PRAGMA max_page_count = 1')
  const thrown = thrownBy(() => database.prepare('INSERT INTO notes (text) VALUES (?)').run(LONG))
  expect(faultOf(thrown)).toBe('full')
  expect(toStoreError(thrown, path)).toMatchObject({ code: 'disk_full', cause: thrown })
})

test('a file that another connection holds is store_failed, and says so', () => {
  const { path, database } = made()
  const other = connectAlone(sqlite, path, NOTES)
  onTestFinished(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const thrown = thrownBy(() => database.exec('BEGIN IMMEDIATE'))
  expect(faultOf(thrown)).toBe('busy')
  expect(toStoreError(thrown, path)).toMatchObject({
    code: 'store_failed',
    message: expect.stringContaining('another connection holds it'),
  })
})

test('what SQLite raises otherwise, and what it does not raise, is store_failed with its text', () => {
  const { path, database } = made()
  const raised = thrownBy(() => database.exec('SELECT * FROM nowhere'))
  expect(faultOf(raised)).toBe('other')
  expect(toStoreError(raised, path)).toMatchObject({ message: expect.stringContaining('no such table') })
  const error = new Error('no such thing')
  expect(faultOf(error)).toBeUndefined()
  expect(toStoreError(error, path)).toMatchObject({ code: 'store_failed', cause: error })
})

test('an error of ours stays as it is', () => {
  const error = new SyncError('closed', 'The store is closed.')
  expect(toStoreError(error, 'notes.db')).toBe(error)
})

test('a transaction whose work throws leaves nothing', () => {
  const { database } = made()
  const work = (): never => {
    database.exec("INSERT INTO notes (text) VALUES ('lost')")
    throw new Error('no')
  }
  expect(() => inTransaction(database, 'BEGIN IMMEDIATE', work)).toThrow('no')
  expect(inTransaction(database, 'BEGIN', () => database.prepare('SELECT * FROM notes').all())).toEqual([])
})
