import type { SyncStore } from '@whisker/protocol'
import { GroupCommit, Snapshots } from './group-commit.ts'
import { openDatabase } from './sqlite-open.ts'
import { sqliteReader } from './sqlite-reader.ts'
import { sqliteTransaction } from './sqlite-space.ts'

export interface SqliteStoreOptions {
  /**
   * Waited for before each commit: it lets whatever else arrived join the commit. Without it, one turn of Node's event
   * loop; a test that runs on a clock of its own passes one of its own.
   */
  readonly turn?: (() => Promise<void>) | undefined
}

/**
 * A store in one SQLite file, made if it is new; `:memory:` for none. Throws at once what is wrong with the path or
 * the file: `invalid_options`, `store_in_use`, `store_foreign`, `store_newer`, `store_damaged`, `store_failed`,
 * `disk_full`, `sqlite_unsafe`.
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): SyncStore {
  const opened = openDatabase(path)
  const { writer, reader } = opened
  const commits = new GroupCommit(writer, options.turn)
  const transaction = sqliteTransaction(writer)
  const snapshots = reader && new Snapshots(reader)
  const readerOf = sqliteReader(reader ?? writer)
  const addEpoch = writer.prepare('INSERT INTO epoch (id) VALUES (?)')
  const noteBegan = writer.prepare('INSERT INTO epoch_began (space, epoch, began) SELECT id, ?, head FROM space')
  let closing: Promise<void> | undefined
  return {
    begin: async (epoch) =>
      commits.run(async () => {
        noteBegan.run(addEpoch.run(epoch).lastInsertRowid)
      }),
    write: async (space, work) => commits.run(async () => work(transaction(space))),
    read: async (space, work) => (snapshots ?? commits).run(async () => work(readerOf(space))),
    async close() {
      closing ??= Promise.all([commits.close(), snapshots?.close()]).then(() => opened.close())
      return closing
    },
  }
}
