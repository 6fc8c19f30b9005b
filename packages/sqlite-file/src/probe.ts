import { type BigIntStats, closeSync, openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { isSyncError } from '@whisker/protocol'
import { faultOf } from './faults.ts'
import { checkPages, identify } from './identity.ts'
import { wasLocked } from './lock.ts'
import type { SqliteModule } from './runtime.ts'
import { damaged, failed, foreign, textOf } from './store-errors.ts'
import { MARKS, type StoreKind } from './store-kind.ts'

/**
 * What a look at a file tells. It is `unfinished` if its last transaction crashed and is to be rolled back first, by
 * whoever opens it for writing: only then can its pages be checked.
 */
export type Look = 'sound' | 'unfinished'

/** SQLite's smallest page. */
const SMALLEST_DATABASE = 512

/** What can be seen of a file from outside; while it stays equal, nobody wrote. */
interface Footprint {
  readonly size: number
  readonly hasJournal: boolean
  readonly key: string
}

/**
 * Looks at the file before anything opens it for writing, and throws if it is not a sound store of this kind; an absent
 * or empty file is fine. Writes nothing and leaves no file behind: a file at rest is read as `immutable`, without locks,
 * and a bad verdict counts only if nobody wrote meanwhile.
 */
export function probe(sqlite: SqliteModule, path: string, kind: StoreKind): Look {
  for (let attempt = 1; ; attempt++) {
    const before = footprint(path)
    if (!before) return 'sound'
    try {
      return inspect(sqlite, path, kind, before)
    } catch (thrown) {
      if (attempt < 5 && footprint(path)?.key !== before.key) continue
      if (isSyncError(thrown) || faultOf(thrown) !== 'damaged') throw thrown
      if (isRecognisable(path, kind)) throw damaged(path, textOf(thrown), thrown)
      throw foreign(kind, path, 'something else', thrown)
    }
  }
}

function footprint(path: string): Footprint | undefined {
  const file = stat(path)
  if (!file || (file.isFile() && file.size === 0n)) return undefined
  if (!file.isFile()) throw failed(path, file.isDirectory() ? 'it is a folder' : 'it is not a file')
  const journals = [stat(`${path}-wal`), stat(`${path}-journal`)]
  return {
    size: Number(file.size),
    hasJournal: journals.some((journal) => journal !== undefined),
    key: [file, ...journals].map((found) => `${found?.ino}:${found?.size}:${found?.mtimeNs}`).join(' '),
  }
}

function inspect(sqlite: SqliteModule, path: string, kind: StoreKind, { size, hasJournal }: Footprint): Look {
  if (size < SMALLEST_DATABASE && isRecognisable(path, kind)) throw damaged(path, `it has only ${size} bytes`)
  const check = (database: DatabaseSync): void => {
    identify(database, path, kind)
    checkPages(database, path)
  }
  if (!hasJournal) {
    read(sqlite, path, kind, 'immutable', check)
    return 'sound'
  }
  refuseWithoutLog(sqlite, path, kind, 'store_foreign')
  try {
    read(sqlite, path, kind, 'shared', check)
    return 'sound'
  } catch (thrown) {
    if (faultOf(thrown) !== 'readonly') throw thrown
    refuseWithoutLog(sqlite, path, kind, 'store_newer')
    return 'unfinished'
  }
}

/** What is another program's without its log needs no look into that log, which could leave a side file behind. */
function refuseWithoutLog(
  sqlite: SqliteModule,
  path: string,
  kind: StoreKind,
  code: 'store_foreign' | 'store_newer',
): void {
  try {
    read(sqlite, path, kind, 'immutable', (database) => identify(database, path, kind))
  } catch (thrown) {
    // Without the log, nothing else that is found counts
    if (isSyncError(thrown) && thrown.code === code) throw thrown
  }
}

function read(
  sqlite: SqliteModule,
  path: string,
  kind: StoreKind,
  how: 'immutable' | 'shared',
  look: (database: DatabaseSync) => void,
): void {
  const url = pathToFileURL(path)
  if (how === 'immutable') url.search = '?immutable=1'
  const database = new sqlite.DatabaseSync(url, { readOnly: true, timeout: kind.busyMs })
  try {
    look(database)
  } finally {
    database.close()
  }
}

/**
 * Whether a file that SQLite cannot read was a store: its mark survived, its start was wiped or cut, or it has been
 * locked as one. Reads the bytes, which is only allowed for what is no working database: closing a file drops every
 * lock that this process holds on it.
 */
function isRecognisable(path: string, kind: StoreKind): boolean {
  const header = Buffer.alloc(100)
  const file = openSync(path, 'r')
  const length = readSync(file, header)
  closeSync(file)
  const isCut = length < header.length && header.subarray(0, 15).toString('latin1') === 'SQLite format 3'
  return (
    isCut ||
    header.readUInt32BE(68) === MARKS[kind.mark].applicationId ||
    header.every((byte) => byte === 0) ||
    wasLocked(path)
  )
}

function stat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (cause) {
    throw failed(path, textOf(cause), { cause })
  }
}
