import { SyncError } from '@whisker/protocol'
import type { Channel } from './channel.ts'
import { type HeldLock, heldLocks, takeLock } from './locks.ts'

const MOST_SLOTS = 64
/** A page that is awake answers in a few milliseconds, and in less than this while it works hard. */
const AWAKE_MS = 4000

/** The place of one opening among all openings of its space, in all tabs. */
export interface Seat {
  readonly slot: number
  readonly leads: boolean
  /** Whether another opening has a slot at this moment. */
  hasOthers(): Promise<boolean>
  /** Takes the lead if it is free, or if whoever has it is frozen; tells whether this one has it. */
  lead(channel: Channel): Promise<boolean>
  resign(): Promise<void>
  /** Gives the slot and the lead back. */
  leave(): Promise<void>
}

/** `name` is that of the space, apart from all others. */
export async function takeSeat(name: string, space: string): Promise<Seat> {
  const slots = `${name} slot `
  const { slot, lock } = await takeSlot(slots, space)
  let lead: HeldLock | undefined
  const resign = async (): Promise<void> => {
    const held = lead
    lead = undefined
    await held?.release()
  }
  return {
    slot,
    get leads() {
      return lead?.isHeld ?? false
    },
    hasOthers: async () => (await heldLocks(slots)).some((held) => held !== `${slots}${slot}`),
    async lead(channel) {
      if (lead?.isHeld) return true
      lead = await takeLock(`${name} lead`)
      if (lead || (await channel.isLeaderAwake(AWAKE_MS))) return lead !== undefined
      lead = await takeLock(`${name} lead`, { steal: true })
      return true
    },
    resign,
    async leave() {
      await resign()
      await lock.release()
    },
  }
}

async function takeSlot(slots: string, space: string): Promise<{ readonly slot: number; readonly lock: HeldLock }> {
  for (let slot = 0; slot < MOST_SLOTS; slot++) {
    const lock = await takeLock(`${slots}${slot}`)
    if (lock) return { slot, lock }
  }
  throw new SyncError('store_in_use', `The space "${space}" of this store is open ${MOST_SLOTS} times already.`, {
    fix: 'Close the tabs that are no longer needed.',
  })
}
