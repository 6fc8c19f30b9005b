import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type ServerOptions, sqliteStore } from '@whisker/server'
import { onTestFinished } from 'vitest'
import { type Device, World } from './world.ts'

/** A world whose server keeps a file, so that something can happen to it while the server is stopped. */
export interface WorldOnDisk {
  readonly world: World
  /** Stops the server, lets something happen to its file, and starts it again. */
  readonly whileStopped: (happen: (file: string) => void) => Promise<void>
  /** Runs statements on the file while the server is stopped. */
  readonly damage: (sql: string) => Promise<void>
  /** Takes rows out of the file, by the ids of their documents. */
  readonly loseRows: (...ids: readonly string[]) => Promise<void>
}

export function worldOnDisk(options: Partial<ServerOptions> = {}): WorldOnDisk {
  const folder = mkdtempSync(join(tmpdir(), 'damage-'))
  const file = join(folder, 'sync.db')
  const world = new World({ ...options, store: sqliteStore(file) })
  onTestFinished(async () => {
    await world.server.close()
    rmSync(folder, { recursive: true })
  })

  async function whileStopped(happen: (file: string) => void): Promise<void> {
    await world.server.close()
    happen(file)
    world.restart(sqliteStore(file))
  }

  const damage = (sql: string): Promise<void> =>
    whileStopped(() => {
      const database = new DatabaseSync(file)
      database.exec(sql)
      database.close()
    })

  return { world, whileStopped, damage, loseRows: (...ids) => damage(ids.map(withoutRow).join(';')) }
}

function withoutRow(id: string): string {
  const number = `(SELECT id FROM document WHERE document = '${id}')`
  return `DELETE FROM document_tail WHERE document = ${number};
    DELETE FROM document_state WHERE document = ${number};
    DELETE FROM document WHERE document = '${id}'`
}

/** Takes a row out of the store of a device, or puts another there, while it is closed. */
export async function changeRow(device: Device, id: string, text: string | undefined): Promise<Device> {
  await device.engine.close()
  const store = await device.state.open('shared', nothingThere)
  const { revision } = await store.load()
  await store.commit({ revision, records: [], documents: [['notes', id, text]], outbox: [], rejected: [] })
  await store.close()
  return device.reopen()
}

/** What the store of a device holds of a document. */
export async function rowOf({ state }: Device, id: string): Promise<string> {
  const store = await state.open('shared', nothingThere)
  const { documents } = await store.load()
  await store.close()
  return documents.find(([, document]) => document === id)?.[2] as string
}

function nothingThere(): never {
  throw new Error('There is no such store.')
}
