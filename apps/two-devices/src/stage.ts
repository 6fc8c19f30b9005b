import { join } from 'node:path'
import { httpTransport } from '@whisker/transport-http'
import type { FactsDraft } from './facts.ts'
import type { DeviceSettings } from './processes/device-process.ts'
import { type DeviceProcess, type ServerProcess, startDevice, startServer } from './processes/control.ts'
import { COLLECTIONS, SPACE } from './story.ts'
import type { Name, Telling } from './telling.ts'

/** How many pushes the bulk is cut into, each a commit of its own on the server. */
const BATCHES = 20
const TOKEN = 'the-writer'

export interface Setting {
  readonly folder: string
  readonly editions: number
  readonly batchOperations: number
  readonly telling: Telling
  readonly facts: FactsDraft
}

/** The cast: real processes on files in one folder. */
export class Stage {
  readonly setting: Setting
  readonly #running: Set<{ kill(): Promise<void> }> = new Set()

  constructor(setting: Omit<Setting, 'batchOperations'>, documents: number) {
    this.setting = { ...setting, batchOperations: Math.max(1, Math.ceil(documents / BATCHES)) }
  }

  fileOf(name: Name): string {
    return join(this.setting.folder, `${name}.db`)
  }

  /** On a free port, or again on the one that the devices know. */
  async server(port = 0): Promise<ServerProcess> {
    const server = await startServer({ file: this.fileOf('server'), port, token: TOKEN })
    this.#running.add(server.process)
    return server
  }

  async device(name: Name, server: ServerProcess): Promise<DeviceProcess> {
    const device = await startDevice(this.#settingsOf(name, server))
    this.#running.add(device)
    return device
  }

  /** Opens a device again, with a connection that stays. */
  async reopenLive(device: DeviceProcess, server: ServerProcess): Promise<void> {
    await device.call('close')
    await device.call('open', { ...this.#settingsOf(device.name as Name, server), isLive: true })
    await device.call('start')
    await device.call('live')
  }

  #settingsOf(name: Name, { url }: ServerProcess): DeviceSettings {
    return {
      name,
      file: this.fileOf(name),
      url,
      token: TOKEN,
      space: SPACE,
      collections: COLLECTIONS,
      batchOperations: this.setting.batchOperations,
    }
  }

  /** How many changes the server has taken. */
  async headOf({ url }: ServerProcess): Promise<number> {
    const transport = httpTransport({ url, token: TOKEN })
    try {
      return (await transport.version(SPACE)).head
    } finally {
      await transport.close()
    }
  }

  /** Ends whatever still runs. */
  async clear(): Promise<void> {
    await Promise.all([...this.#running].map(async (process) => process.kill()))
  }
}

/** What the acts play with, once the first has set it up. */
export interface Scenery {
  readonly stage: Stage
  readonly server: ServerProcess
  readonly laptop: DeviceProcess
  readonly tablet: DeviceProcess
}
