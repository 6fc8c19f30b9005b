import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DeviceId, StoreCommit } from '@whisker/protocol'
import { onTestFinished } from 'vitest'

/** A new folder, removed when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-state-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const mint = (): DeviceId => 'D'.repeat(22) as DeviceId

export const commitOf = (revision: number, rows: Partial<StoreCommit> = {}): StoreCommit => ({
  records: [],
  documents: [],
  outbox: [],
  rejected: [],
  ...rows,
  revision,
})

/** Every file of a folder with a hash of its bytes. */
export const fingerprint = (folder: string): readonly string[] =>
  readdirSync(folder)
    .toSorted()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
