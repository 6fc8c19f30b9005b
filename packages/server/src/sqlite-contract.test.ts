import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SyncStorePlace, syncStoreContract } from '@whisker/conformance'
import { describe } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'

/** What a power cut leaves of a file is at least what was written to it; the bytes are copied while the store is open. */
function filePlace(): SyncStorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-contract-'))
  const path = join(folder, 'sync.db')
  const copy = join(folder, 'copy.db')
  return {
    isDurable: true,
    open: () => sqliteStore(path),
    openAfterPowerCut() {
      for (const side of ['', '-wal']) if (existsSync(path + side)) copyFileSync(path + side, copy + side)
      return sqliteStore(copy)
    },
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}

describe('a SQLite store in a file', () => {
  syncStoreContract(filePlace)
})

describe('a SQLite store in memory', () => {
  syncStoreContract(() => ({ isDurable: false, open: () => sqliteStore(':memory:') }))
})
