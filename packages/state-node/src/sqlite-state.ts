import { type DeviceId, type SpaceStore, type StateStore, checkName } from '@whisker/protocol'
import { IN_MEMORY, type Runtime, checkedPath, loadSqlite, probe, realPath, toStoreError } from '@whisker/sqlite-file'
import { connect } from './connection.ts'
import { DEVICE_STATE } from './schema.ts'
import { type Circle, takeSeat, takeSeatIn } from './seat.ts'
import { type Place, openSpace } from './sqlite-space.ts'
import type { Neighbours } from './watches.ts'

/**
 * The local state of a device in one SQLite file, which may hold many spaces. Nothing is opened before the engine
 * opens a space. `:memory:` keeps everything in this object and nothing on disk.
 */
export const sqliteState = (path: string): StateStore => sqliteStateOn(path, { node: process.versions.node })

/** As `sqliteState`, on a runtime that a test describes. */
export function sqliteStateOn(path: string, runtime: Runtime): StateStore {
  const file = checkedPath(path, "sqliteState('stories.db')")
  const placeOf = file === IN_MEMORY ? inMemory(runtime) : (space: string) => inFile(file, runtime, space)
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
  const sqlite = loadSqlite(runtime)
  const path = realPath(file)
  const look = probe(sqlite, path, DEVICE_STATE)
  const seat = takeSeat(sqlite, path, space)
  try {
    const database = await connect(sqlite, path, look)
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

/** One connection for as long as the object lives: closing it would lose what it holds. */
function inMemory(runtime: Runtime): (space: string) => Promise<Place> {
  const neighbours: Neighbours = new Set()
  const circles = new Map<string, Circle>()
  let connection: ReturnType<typeof connect> | undefined
  return async (space) => {
    connection ??= connect(loadSqlite(runtime), IN_MEMORY)
    const database = await connection
    const circle = circles.get(space) ?? { slots: new Set(), leader: undefined }
    const seat = takeSeatIn(circle, IN_MEMORY, space)
    circles.set(space, circle)
    return { database, path: IN_MEMORY, seat, neighbours, release: () => seat.leave() }
  }
}
