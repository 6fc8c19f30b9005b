import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'
import { SyncEngine, memoryState } from '@whisker/engine'
import { type SpaceReader, formatDot, mintDeviceId, systemRandom } from '@whisker/protocol'
import { createServer, sqliteStore } from '@whisker/server'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'
import type { DeviceTrace, ServerTrace } from './points.ts'
import { dotsOf } from './stopping-device.ts'
import { COLLECTIONS, SPACE, type Values, documentsIn, lacking } from './values.ts'

/*
 * What a kill left, opened as the product opens it: a copy, made before a call returns, so that the process that comes
 * back at once recovers the file itself. Everything that is wrong is told, in words.
 */

/** A device's file: it holds the values that were promised to it, and what its trace says. */
export async function reopenDevice(
  file: string,
  resolved: Values,
  trace: DeviceTrace | undefined,
): Promise<readonly string[]> {
  return onCopy(file, async (copy) => {
    const state = sqliteState(copy)
    const load = async () => {
      const store = await state.open(SPACE, () => mintDeviceId(systemRandom))
      const stored = await store.load()
      await store.close()
      return stored
    }
    const { wrong, first } = await openTwice(copy, load)
    if (trace) {
      const { revision = first.revision } = trace
      if (first.revision !== revision) wrong.push(`the store is at revision ${first.revision} instead of ${revision}`)
      const waiting = new Set(dotsOf(first.outbox.map(([, text]) => text)).map(formatDot))
      const gone = trace.waiting.map(formatDot).filter((dot) => !waiting.has(dot))
      if (gone.length > 0) wrong.push(`${gone.join(', ')} wait no more`)
    }
    const engine = await SyncEngine.open({ space: SPACE, collections: COLLECTIONS, state })
    wrong.push(...lacking(documentsIn(engine), resolved))
    await engine.close()
    return wrong
  })
}

/** A server's file: a new device gets from it the values that were acknowledged, and it holds what its trace says. */
export async function reopenServer(
  file: string,
  acknowledged: Values,
  trace: ServerTrace | undefined,
): Promise<readonly string[]> {
  return onCopy(file, async (copy) => {
    const load = async () => {
      const store = sqliteStore(copy)
      const all = await store.read(SPACE, everythingOf)
      await store.close()
      return all
    }
    const { wrong, first } = await openTwice(copy, load)
    if (trace) {
      const { dot, isTaken } = trace
      const last = first.replicas.find(({ replica }) => replica === dot.replica)?.last.counter ?? 0
      if (last >= dot.counter !== isTaken) {
        wrong.push(
          `the server has ${last} of ${dot.replica}: ${formatDot(dot)} ${isTaken ? 'is lost' : 'was not taken'}`,
        )
      }
    }
    const server = createServer({ store: sqliteStore(copy), authenticate: () => ({ id: 'owner' }) })
    const fetch: typeof globalThis.fetch = async (input, init) => server.fetch(new Request(input, init))
    const transport = httpTransport({ url: 'http://127.0.0.1', fetch })
    const engine = await SyncEngine.open({ space: SPACE, collections: COLLECTIONS, state: memoryState(), transport })
    const result = await engine.syncNow()
    if (!result.ok) wrong.push(`a new device cannot sync: ${result.error.message}`)
    wrong.push(...lacking(documentsIn(engine), acknowledged))
    await engine.close()
    await server.close()
    return wrong
  })
}

async function onCopy<T>(file: string, work: (copy: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(dirname(file), 'copy-'))
  try {
    return await work(copyStore(file, join(folder, 'copy.db')))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Of a store that nobody has open: the log belongs to it. */
export function copyStore(file: string, to: string): string {
  for (const end of ['', '-wal']) if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, `${to}${end}`)
  return to
}

/** What it holds, and whether that is sound and the same a second time. */
async function openTwice<T>(file: string, load: () => Promise<T>): Promise<{ first: T; wrong: string[] }> {
  const [first, rows] = [await load(), rowsOf(file)]
  const [second, rowsAgain] = [await load(), rowsOf(file)]
  const wrong: string[] = []
  if (!isDeepStrictEqual(second, first) || !isDeepStrictEqual(rowsAgain, rows)) {
    wrong.push('the second opening changed something')
  }
  return { first, wrong: [...wrong, ...damagesOf(file)] }
}

/** All rows of all tables. */
function rowsOf(file: string): unknown {
  return reading(file, (database) =>
    database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .all()
      .map(({ name }) => [name, database.prepare(`SELECT * FROM "${String(name)}"`).all()]),
  )
}

function damagesOf(file: string): readonly string[] {
  return reading(file, (database) =>
    database
      .prepare('PRAGMA integrity_check')
      .all()
      .map((row) => String(row['integrity_check']))
      .filter((told) => told !== 'ok'),
  )
}

function reading<T>(file: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return work(database)
  } finally {
    database.close()
  }
}

const everythingOf = async (reader: SpaceReader) => ({
  space: await reader.space(),
  replicas: await reader.allReplicas(),
})
