import type { DatabaseSync } from 'node:sqlite'
import { type Look, type SqliteModule, connect as connectTo } from '@whisker/sqlite-file'
import { DEVICE_STATE } from './schema.ts'

/** Opens a device's state for writing, and makes its tables if it is new; others may be doing the same. */
export const connect = async (sqlite: SqliteModule, path: string, look?: Look): Promise<DatabaseSync> =>
  connectTo(sqlite, path, DEVICE_STATE, look)
