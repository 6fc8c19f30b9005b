import {
  type Clock,
  type Device,
  type DeviceList,
  type KnownDevice,
  type ReplicaRow,
  type RevokedDevice,
  type SpaceReader,
  type SyncStore,
  isDeviceId,
} from '@whisker/protocol'
import type { Notifier } from './notifier.ts'
import { refusalOf, refused } from './refusal.ts'
import { noChanges } from './space-changes.ts'

export interface DeviceServices {
  readonly store: SyncStore
  readonly clock: Clock
  readonly notifier: Notifier
}

/** Whether a device may no longer come in, under the id it gives or with a replica of one that was revoked. */
export async function isRevoked(reader: SpaceReader, device: Device, rows: readonly ReplicaRow[]): Promise<boolean> {
  for (const id of new Set([device.id, ...rows.map((row) => row.device.id)])) {
    if ((await reader.revokedAt(id)) !== undefined) return true
  }
  return false
}

export const listDevices = async (space: string, { store, clock }: DeviceServices): Promise<DeviceList> =>
  store.read(space, async (reader) => {
    const { head, collected } = await reader.space()
    const groups = Map.groupBy(await reader.allReplicas(), ({ device, principal }) => `${device.id} ${principal}`)
    const devices: KnownDevice[] = []
    for (const rows of groups.values()) devices.push(await knownDevice(reader, rows.toSorted(byLastSeen)))
    return { timeMs: clock.now(), head, collected, devices: devices.toSorted((a, b) => b.lastSeenMs - a.lastSeenMs) }
  })

const byLastSeen = (a: ReplicaRow, b: ReplicaRow): number => b.seenMs - a.seenMs

/** A device from its rows, of which there is at least one, the one seen last first. */
async function knownDevice(reader: SpaceReader, rows: readonly ReplicaRow[]): Promise<KnownDevice> {
  const { device, principal, seenMs, since } = rows[0] as ReplicaRow
  return {
    ...device,
    principal,
    lastSeenMs: seenMs,
    since,
    revokedAtMs: await reader.revokedAt(device.id),
    replicas: rows.map((row) => ({
      replica: row.replica,
      counter: row.last.counter,
      lastSeenMs: row.seenMs,
      since: row.since,
      isRetired: row.isRetired,
    })),
  }
}

/** Bars a device from a space, once for all. What it pushed before stays. */
export async function revokeDevice(space: string, device: string, services: DeviceServices): Promise<RevokedDevice> {
  const { store, clock, notifier } = services
  const revoked = await store.write(space, async (transaction): Promise<RevokedDevice> => {
    if (!isDeviceId(device)) throw unknownDevice()
    const since = await transaction.revokedAt(device)
    if (since !== undefined) return { device, atMs: since }
    const rows = await transaction.allReplicas()
    if (!rows.some((row) => row.device.id === device)) throw unknownDevice()
    const now = { device, atMs: clock.now() }
    await transaction.put({ ...noChanges(await transaction.space()), revoked: [now] })
    return now
  })
  // Whoever waits in the space looks again whether they may.
  notifier.notify(space)
  return revoked
}

const unknownDevice = (): Error =>
  refused(
    refusalOf('bad_request', 'No device with this id has been in the space.', {
      fix: 'Take the id from the list of devices.',
    }),
    404,
  )
