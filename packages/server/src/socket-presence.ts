import { type Clock, type Device, type JsonValue, encodeMember } from '@whisker/protocol'

/** One subscription's place among those of its space. */
export interface Seat {
  readonly space: string
  /** Of this subscription only. */
  readonly id: string
  /** By their id. */
  readonly principal: string
  readonly device: Device
  /** Whether more waits for the reader than it should: it is told later, of what is the case by then. */
  isSlow(): boolean
  /** Throws what the reader is refused with; asked before they are told anything. */
  allow(): Promise<void>
  /** Members as `encodePresent` takes them. */
  tell(members: readonly string[]): void
  refuse(thrown: unknown): void
}

interface Taken {
  readonly seat: Seat
  /** Undefined for nothing. */
  value: JsonValue | undefined
  /** The same, encoded once for all who are told. */
  text: string | undefined
  /** Those whose last change the reader was not told of. */
  readonly untold: Set<Taken>
  isNew: boolean
  isBusy: boolean
}

/** What one shows is told at most ten times a second: what came between is written over. */
const TELL_EVERY_MS = 100
/** Members in one message, each with a value of at most `PRESENCE_BYTES`: less than a mebibyte. */
const MOST_MEMBERS = 200

/** Who is in which space, and what they show to the others there. It is never stored. */
export class SocketPresence {
  readonly #clock: Clock
  readonly #rooms = new Map<string, Map<Seat, Taken>>()
  /** The spaces in which somebody has yet to be told. */
  readonly #waiting = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The first thing told is who shows anything, even if nobody does. */
  join(seat: Seat): void {
    const room = this.#rooms.get(seat.space) ?? new Map<Seat, Taken>()
    const showing = [...room.values()].filter(({ value }) => value !== undefined)
    const taken: Taken = {
      seat,
      value: undefined,
      text: undefined,
      untold: new Set(showing),
      isNew: true,
      isBusy: false,
    }
    this.#rooms.set(seat.space, room.set(seat, taken))
    void this.#tell(taken)
  }

  show(seat: Seat, value: JsonValue | undefined): void {
    const room = this.#rooms.get(seat.space)
    const taken = room?.get(seat)
    if (!room || !taken || (taken.value === undefined && value === undefined)) return
    taken.value = value
    taken.text = undefined
    for (const other of room.values()) if (other !== taken) other.untold.add(taken)
    this.#tellSoon(seat.space)
  }

  leave(seat: Seat): void {
    const room = this.#rooms.get(seat.space)
    if (!room?.has(seat)) return
    this.show(seat, undefined)
    room.delete(seat)
    if (room.size === 0) this.#rooms.delete(seat.space)
  }

  #tellSoon(space: string): void {
    if (this.#waiting.has(space)) return
    this.#waiting.add(space)
    this.#clock.after(TELL_EVERY_MS, () => {
      this.#waiting.delete(space)
      for (const taken of this.#rooms.get(space)?.values() ?? []) void this.#tell(taken)
    })
  }

  async #tell(taken: Taken): Promise<void> {
    const { seat, untold } = taken
    if (taken.isBusy || (untold.size === 0 && !taken.isNew)) return
    if (seat.isSlow()) return this.#tellSoon(seat.space)
    taken.isBusy = true
    try {
      await seat.allow()
      this.#send(taken)
    } catch (thrown) {
      seat.refuse(thrown)
    }
    taken.isBusy = false
  }

  #send(taken: Taken): void {
    const { seat, untold } = taken
    if (this.#rooms.get(seat.space)?.get(seat) !== taken) return
    const changes = [...untold].map(textOf)
    untold.clear()
    for (let from = 0; from < changes.length || taken.isNew; from += MOST_MEMBERS) {
      taken.isNew = false
      seat.tell(changes.slice(from, from + MOST_MEMBERS))
    }
  }
}

function textOf(taken: Taken): string {
  const { id, principal, device } = taken.seat
  taken.text ??= encodeMember({ id, principal, device: device.id, name: device.name, value: taken.value })
  return taken.text
}
