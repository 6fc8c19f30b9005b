import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SyncStore } from '@whisker/protocol'
import { onTestFinished } from 'vitest'
import { createServer } from '../create-server.ts'
import type { ServerOptions, SyncServer } from '../server-options.ts'
import { sqliteStore } from '../sqlite-store.ts'
import { type ManualClock, manualClock, seededRandom } from './manual-clock.ts'
import { TestClient } from './test-client.ts'

export interface TestServer {
  readonly server: SyncServer
  readonly store: SyncStore
  readonly clock: ManualClock
  /** A client that knows the epoch already. */
  readonly client: (name: string, space?: string, headers?: Record<string, string>) => Promise<TestClient>
}

let seed = 1

/** An open server in memory, or on what `options` say. */
export function testServer(options: Partial<ServerOptions> & { readonly clock?: ManualClock } = {}): TestServer {
  const clock = options.clock ?? manualClock()
  const store = options.store ?? sqliteStore(':memory:')
  const server = createServer({ random: seededRandom(seed++), ...options, store, clock })
  onTestFinished(async () => server.close())
  return {
    server,
    store,
    clock,
    client: async (name, space, headers) =>
      new TestClient(async (request) => server.fetch(request), name, space, headers).meet(),
  }
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-server-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
