import type { Place, Space } from '../place.ts'
import type { DeviceCommands } from '../processes/device-process.ts'
import type { Worker } from '../processes/worker.ts'

/** Two devices of one space, both up to date. */
export interface Pair {
  readonly writer: Worker<DeviceCommands>
  readonly reader: Worker<DeviceCommands>
  end(): Promise<void>
}

/** What the halves of an edit's way took, in milliseconds. */
export interface Passed {
  readonly push: number
  readonly pull: number
}

export async function openPair(place: Place, space: Space, isMetered = false): Promise<Pair> {
  const writer = place.device()
  const reader = place.device()
  await writer.call('open', { ...space.owner, isMetered })
  await reader.call('download', { file: place.newFile(), url: space.url, isMetered })
  await writer.call('sync')
  return {
    writer,
    reader,
    async end() {
      for (const device of [writer, reader]) {
        await device.call('close')
        await device.end()
      }
    },
  }
}

/** One edit from device to device: how long it took to be acknowledged, and to be taken in. */
export async function passEdit({ writer, reader }: Pair, index: number, title: string): Promise<Passed> {
  const push = await writer.call('edit', index, title)
  const pull = await reader.call('catchUp')
  const arrived = await reader.call('titleOf', index)
  if (arrived !== title) throw new Error(`The other device has ${JSON.stringify(arrived)}, not ${title}.`)
  return { push, pull }
}
