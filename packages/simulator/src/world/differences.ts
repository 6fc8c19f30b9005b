import type { SyncStatus } from '@whisker/engine'
import type { Device, Opening } from './device.ts'

/** Why devices are not yet the same: what is under way, and what they show differently. */
export function differences<M>(devices: readonly Device<M>[], collections: readonly string[]): readonly string[] {
  const openings = devices.flatMap((device) => device.openings)
  const off = devices
    .filter((device) => device.openings.length === 0 && device.disk.pending > 0)
    .map(({ name, disk }) => `${name} has no process running, and ${disk.pending} operations to send on its disk`)
  const busy = openings.flatMap(({ name, engine }) => {
    const { pending, state, reason, everSynced } = engine.status
    if (pending > 0) return [`${name} has ${pending} operations to send${reason ? `, ${troubleOf(reason)}` : ''}`]
    // Devices that look at a collection in different ways hold the same all the same.
    if (reason && reason.code !== 'strategy_mismatch') return [`${name} is ${troubleOf(reason)}`]
    return everSynced && state !== 'syncing' ? [] : [`${name} is ${state}`]
  })
  const unfinished = [...off, ...busy]
  const [first, ...others] = openings
  if (!first || unfinished.length > 0) return unfinished
  const expected = shownBy(first, collections)
  return others.flatMap((other) => differencesBetween(first.name, expected, other.name, shownBy(other, collections)))
}

const troubleOf = ({ code, message }: NonNullable<SyncStatus['reason']>): string => `in trouble: ${code}, ${message}`

/** What each process that ever ran is doing, for whoever waits for one. */
export function processesOf<M>(devices: readonly Device<M>[]): readonly string[] {
  return devices.flatMap(({ ended, openings }) => [
    ...ended.map((name) => `${name} was killed`),
    ...openings.map(({ name, engine: { status } }) => {
      const { state, pending, reason } = status
      return `${name} is ${state}, with ${pending} operations to send${reason ? `, ${troubleOf(reason)}` : ''}`
    }),
  ])
}

type Shown = ReadonlyMap<string, string>

export function differencesBetween(one: string, shown: Shown, other: string, shownThere: Shown): readonly string[] {
  const keys = new Set([...shown.keys(), ...shownThere.keys()])
  return [...keys]
    .filter((key) => shown.get(key) !== shownThere.get(key))
    .map((key) => `${key}: ${one} shows ${shown.get(key) ?? 'nothing'}, ${other} ${shownThere.get(key) ?? 'nothing'}`)
}

/** What an engine shows of each document and each conflict, in a form that can be compared. */
export function shownBy<M>({ engine }: Opening<M>, collections: readonly string[]): Shown {
  const shown = new Map<string, string>()
  for (const name of collections) {
    const collection = engine.collection(name as keyof M & string)
    for (const { id, value, metadata, conflicts } of collection.list()) {
      shown.set(`${name}/${id}`, canonical({ value, metadata, conflicts }))
    }
    for (const conflict of collection.conflicts()) {
      shown.set(`conflict in ${name}/${conflict.id} at ${conflict.path.join('.')}`, canonical(conflict.values))
    }
  }
  return shown
}

/** JSON that does not depend on the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
