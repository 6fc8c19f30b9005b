import { createHash } from 'node:crypto'
import { SyncError } from '@whisker/protocol'
import { type FileLock, type SqliteModule, isTaken, lockFile, openLock, takeLock } from '@whisker/sqlite-file'

const MOST_SLOTS = 64

/** The place of one opening among all openings of its space. */
export interface Seat {
  readonly slot: number
  /** Whether another opening has a slot at this moment. */
  hasOthers(): boolean
  /** Takes the lead if it is free; tells whether this one has it. */
  lead(): boolean
  resign(): void
  /** Gives the slot and the lead back. */
  leave(): void
}

/** A seat among all processes: a lock file for each slot and one for the lead. */
export function takeSeat(sqlite: SqliteModule, path: string, space: string): Seat {
  const home = createHash('sha256').update(space).digest('hex').slice(0, 32)
  const fileOf = (lock: number | 'lead'): string => lockFile(path, `${home}.${lock}`)
  const { slot, lock } = takeSlot(path, space, (number) => takeLock(sqlite, fileOf(number)))
  let leadLock: FileLock | undefined
  return {
    slot,
    hasOthers: () => SLOTS.some((number) => number !== slot && isTaken(sqlite, fileOf(number))),
    lead() {
      leadLock ??= openLock(sqlite, fileOf('lead'))
      return leadLock.take()
    },
    resign: () => leadLock?.give(),
    leave() {
      leadLock?.close()
      lock.close()
    },
  }
}

/** Who has a space open within one object. */
export interface Circle {
  readonly slots: Set<number>
  /** The slot that leads. */
  leader: number | undefined
}

export function takeSeatIn(circle: Circle, path: string, space: string): Seat {
  const { slots } = circle
  const { slot } = takeSlot(path, space, (number) => (slots.has(number) ? undefined : slots.add(number)))
  const resign = (): void => {
    if (circle.leader === slot) circle.leader = undefined
  }
  return {
    slot,
    hasOthers: () => slots.size > 1,
    lead() {
      circle.leader ??= slot
      return circle.leader === slot
    },
    resign,
    leave() {
      resign()
      slots.delete(slot)
    },
  }
}

const SLOTS: readonly number[] = Array.from({ length: MOST_SLOTS }, (_, slot) => slot)

function takeSlot<Held>(
  path: string,
  space: string,
  take: (slot: number) => Held | undefined,
): { readonly slot: number; readonly lock: Held } {
  for (const slot of SLOTS) {
    const lock = take(slot)
    if (lock !== undefined) return { slot, lock }
  }
  throw new SyncError('store_in_use', `The space "${space}" in ${path} is open ${MOST_SLOTS} times already.`, {
    fix: 'Close the engines that are no longer needed.',
  })
}
