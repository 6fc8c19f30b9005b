import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type DeviceId, type SpaceStore, type StateStore, SyncError, checkName } from '@whisker/protocol'
import { connect } from './connection.ts'
import { probe } from './probe.ts'
import { type Runtime, loadSqlite } from './runtime.ts'
import { type Circle, takeSeat, takeSeatIn } from './seat.ts'
import { type Place, openSpace } from './sqlite-space.ts'
import { failed, toStoreError } from './store-errors.ts'
import type { Neighbours } from './watches.ts'

/**
 * The local state of a device in one SQLite file, which may hold many spaces. Nothing is opened before the engine
 * opens a space. `:memory:` keeps everything in this object and nothing on disk.
 */
export const sqliteState = (path: string): StateStore => sqliteStateOn(path, { node: process.versions.node })

/** As `sqliteState`, on a runtime that a test describes. */
export function sqliteStateOn(path: string, runtime: Runtime): StateStore {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new SyncError('invalid_options', `Expected the path of a file, got ${JSON.stringify(path)}.`, {
      fix: "Write sqliteState('stories.db').",
    })
  }
  const file = path === ':memory:' ? path : resolve(path)
  const placeOf = file === ':memory:' ? inMemory(runtime) : (space: string) => inFile(file, runtime, space)
  return {
    async open(space, mintDevice) {
      checkName(space, 'space')
      try {
        return enter(await placeOf(space), space, mintDevice)
      } catch (thrown) {
        throw toStoreError(thrown, file)
      }
    },
  }
}

function enter(place: Place, space: string, mintDevice: () => DeviceId): SpaceStore {
  try {
    return openSpace(place, space, mintDevice)
  } catch (thrown) {
    place.release()
    throw thrown
  }
}

/** All watching openings of this process, those of several stores over one file among them. */
const inFiles: Neighbours = new Set()

async function inFile(file: string, runtime: Runtime, space: string): Promise<Place> {
  const sqlite = await loadSqlite(runtime)
  const path = realPath(file)
  probe(sqlite, path)
  const seat = takeSeat(sqlite, path, space)
  try {
    const database = await connect(sqlite, path)
    return {
      database,
      path,
      seat,
      neighbours: inFiles,
      release() {
        try {
          database.close()
        } finally {
          seat.leave()
        }
      },
    }
  } catch (thrown) {
    seat.leave()
    throw thrown
  }
}

/** The one name of a file that several lead to, so that all of them meet at the same lock. */
function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return join(realFolder(file), basename(file))
  }
}

function realFolder(file: string): string {
  try {
    return realpathSync(dirname(file))
  } catch (cause) {
    throw failed(file, 'its folder does not exist or cannot be read', {
      fix: `Make the folder ${dirname(file)} first.`,
      cause,
    })
  }
}

/** One connection for as long as the object lives: closing it would lose what it holds. */
function inMemory(runtime: Runtime): (space: string) => Promise<Place> {
  const path = ':memory:'
  const neighbours: Neighbours = new Set()
  const circles = new Map<string, Circle>()
  let connection: ReturnType<typeof connect> | undefined
  return async (space) => {
    connection ??= loadSqlite(runtime).then((sqlite) => connect(sqlite, path))
    const database = await connection
    const circle = circles.get(space) ?? { slots: new Set(), leader: undefined }
    const seat = takeSeatIn(circle, path, space)
    circles.set(space, circle)
    return { database, path, seat, neighbours, release: () => seat.leave() }
  }
}
