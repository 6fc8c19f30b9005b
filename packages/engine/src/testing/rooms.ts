import type { JsonValue, Member, SubscribeRequest } from '@whisker/protocol'

/** Where one connection stands in the room of its space. */
export interface Place {
  show(value: JsonValue | undefined): void
  leave(): void
}

interface Guest extends Omit<Member, 'value'> {
  readonly space: string
  readonly tell: (others: readonly Member[]) => void
  value: JsonValue | undefined
}

/** What a hub does for presence: who is connected to a space sees what the others show. */
export class Rooms {
  readonly #guests: Set<Guest> = new Set()
  #count = 0

  enter({ space, device }: SubscribeRequest, tell: (others: readonly Member[]) => void): Place {
    const guest: Guest = {
      id: `c${++this.#count}`,
      principal: 'local',
      device: device.id,
      name: device.name,
      space,
      tell,
      value: undefined,
    }
    this.#guests.add(guest)
    guest.tell(this.#othersOf(guest))
    return {
      show: (value) => {
        guest.value = value
        if (this.#guests.has(guest)) this.#tellOthers(guest)
      },
      leave: () => {
        if (this.#guests.delete(guest)) this.#tellOthers(guest)
      },
    }
  }

  #tellOthers(guest: Guest): void {
    for (const other of this.#guests) {
      if (other !== guest && other.space === guest.space) other.tell(this.#othersOf(other))
    }
  }

  #othersOf(guest: Guest): readonly Member[] {
    return [...this.#guests].flatMap(({ id, principal, device, name, space, value }) =>
      id === guest.id || space !== guest.space || value === undefined ? [] : [{ id, principal, device, name, value }],
    )
  }
}
