import { fileURLToPath } from 'node:url'
import { Child } from './child.ts'
import type { DeviceCommands, DeviceEvents, DeviceSettings } from './device-process.ts'
import type { ServerCommands, ServerSettings } from './server-process.ts'

export type DeviceProcess = Child<DeviceCommands, DeviceEvents>
type NoEvents = { readonly [name: string]: never }
export interface ServerProcess {
  readonly process: Child<ServerCommands, NoEvents>
  readonly url: string
  readonly port: number
}

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A server in a process of its own; resolves once it listens. */
export async function startServer(settings: Omit<ServerSettings, 'port'> & { port?: number }): Promise<ServerProcess> {
  const process = new Child<ServerCommands, NoEvents>('server', fileOf('server-process.ts'))
  const url = await opened(process, async () => process.call('listen', { port: 0, ...settings }))
  return { process, url, port: Number(new URL(url).port) }
}

/** A device in a process of its own; resolves once its local copy is open. It does not sync before it is told to start. */
export async function startDevice(settings: DeviceSettings): Promise<DeviceProcess> {
  const process: DeviceProcess = new Child(settings.name, fileOf('device-process.ts'))
  await opened(process, async () => process.call('open', settings))
  return process
}

/** What could not be opened is not left running. */
async function opened<T>(process: { kill(): Promise<void> }, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    await process.kill()
    throw error
  }
}
