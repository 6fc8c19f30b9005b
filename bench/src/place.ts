import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Commands } from './processes/answer-calls.ts'
import type { AudienceCommands } from './processes/audience-process.ts'
import type { BareClientCommands } from './processes/bare-client-process.ts'
import type { BareServerCommands } from './processes/bare-server-process.ts'
import type { BareSqliteCommands } from './processes/bare-sqlite-process.ts'
import type { DeviceCommands, DeviceSettings } from './processes/device-process.ts'
import type { ServerCommands } from './processes/server-process.ts'
import { type Worker, startWorker } from './processes/worker.ts'
import type { SoakServerCommands } from './soak/server-process.ts'

/** Where a run keeps its files and its processes. */
export interface Place {
  /** A path in the run's folder that nothing else has. */
  newFile(): string
  device(): Worker<DeviceCommands>
  server(): Worker<ServerCommands>
  bareSqlite(): Worker<BareSqliteCommands>
  bareClient(): Worker<BareClientCommands>
  bareServer(): Worker<BareServerCommands>
  /** A server that takes many sockets of this machine. */
  busyServer(): Worker<SoakServerCommands>
  audience(): Worker<AudienceCommands>
  /** A server that holds that many documents, made when it is first asked for. */
  space(documents: number): Promise<Space>
  /** Ends all processes and removes all files. */
  end(): Promise<void>
}

/** A server with documents, and the device that brought them, closed. */
export interface Space {
  readonly documents: number
  readonly url: string
  readonly owner: DeviceSettings
}

export function openPlace(profile: string | undefined): Place {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-bench-'))
  const workers: { end(): Promise<void> }[] = []
  const spaces = new Map<number, Promise<Space>>()
  let files = 0

  function start<C extends Commands>(name: string): Worker<C> {
    const profiling = [
      '--cpu-prof',
      `--cpu-prof-dir=${profile}`,
      `--cpu-prof-name=${basename(name)}-${workers.length}.cpuprofile`,
    ]
    const worker = startWorker<C>(name, profile === undefined ? [] : profiling)
    workers.push(worker)
    return worker
  }

  const place: Place = {
    newFile: () => join(folder, `${++files}.db`),
    device: () => start('device-process'),
    server: () => start('server-process'),
    bareSqlite: () => start('bare-sqlite-process'),
    bareClient: () => start('bare-client-process'),
    bareServer: () => start('bare-server-process'),
    busyServer: () => start('../soak/server-process'),
    audience: () => start('audience-process'),
    async space(documents) {
      const made = spaces.get(documents) ?? makeSpace(place, documents)
      spaces.set(documents, made)
      return made
    },
    async end() {
      await Promise.all(workers.map(async (worker) => worker.end()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return place
}

async function makeSpace(place: Place, documents: number): Promise<Space> {
  const url = await place.server().call('listen', place.newFile())
  const owner: DeviceSettings = { file: place.newFile(), url }
  const device = place.device()
  await device.call('open', owner)
  await device.call('create', documents)
  await device.call('sync')
  await device.call('close')
  await device.end()
  return { documents, url, owner }
}
