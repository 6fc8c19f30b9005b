import type { SeededRandom } from '../random.ts'

/** Everything that can go wrong in the world, by name, and what its number means. */
export const FAULTS = {
  drop: 'per message: a request never arrives',
  reply_lost: 'per push: its answer gets lost after the server took it',
  delay: 'per message: it is under way for up to a minute and a half',
  reorder: 'per message: it is overtaken by those sent after it',
  duplicate: 'per request: it arrives again, later',
  truncate: 'per message: only its first part arrives',
  corrupt: 'per message: a part of it arrives as something else',
  stale_reply: 'per pull: a cache answers it with an earlier page',
  half_open: 'per frame: the live connection is dead, and neither side knows',
  slow_reader: 'per frame: the reader stops reading for a while',
  partition: 'per step: a device cannot reach the server',
  partition_up: 'per step: what a device sends gets lost',
  partition_down: 'per step: what a device is sent gets lost',
  device_crash: 'per step: a process of a device is killed',
  power_cut: 'per step: all processes of a device are killed in the middle of a commit',
  suspend: 'per step: a process stands still for a while, and all its timers are late',
  server_crash: 'per step: the server is killed and starts again',
  server_stop: 'per step: the server is closed in order and starts again',
  server_disk_error: 'per transaction: the server cannot write',
  disk_full: 'per commit: there is no room for it',
  disk_error: 'per commit: the disk fails',
  disk_busy: 'per commit: somebody else holds the lock',
  late_crash: 'per commit: the process is killed after the commit is on disk and before it knows',
  lead_lost: 'per commit of the process that leads: it is killed in the middle of it',
  lead_frozen: 'per step: the process that leads stands still, and another takes the lead before it goes on',
  lead_stolen: 'per request for the lead: it is taken from the process that has it, which hears of it when it asks',
  two_leaders: 'per request for the lead: one more process is told that it leads, for up to a minute',
  clock_jump: 'per step: a clock jumps by up to two days',
  clock_freeze: 'per step: a clock stands still',
  clock_years: 'per step: a clock is wrong by years',
  token_expired: 'per step: a token is refused for a while',
  access_revoked: 'per step: somebody may not read or write for a while',
  server_restored: 'per step: the server goes back to a backup',
  server_restored_late: 'per step: the same, and new writes pass its old head before a device comes back',
  device_restored: 'per step: a device goes back to an earlier copy of its store',
  device_cloned: 'per step: a copy of a device is used beside it',
  away: 'per step: a device is off for longer than the retention',
  poison: 'per write: the server refuses what it holds',
  space_full: 'per step: the space is full for a while',
  hostile: 'per step: a stranger sends forged, repeated and broken requests',
  device_rot: 'per step: a row vanishes from the store of a device that is off',
  server_rot: "per step: a row vanishes from the server's store while it is off",
} as const

export type Fault = keyof typeof FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as readonly Fault[]

/** The probability of each; what is not named does not happen. */
export type FaultOptions = Readonly<Partial<Record<Fault, number>>>

/** Decides what goes wrong, and counts what did. */
export class Faults {
  /** Whether anything may go wrong now. */
  isOn = true
  /** How often each took effect. */
  readonly effects: Partial<Record<Fault, number>> = {}
  readonly #options: FaultOptions
  readonly #random: SeededRandom
  readonly #dice = new Map<Fault, SeededRandom>()

  constructor(options: FaultOptions, random: SeededRandom) {
    this.#options = options
    this.#random = random
  }

  /** Whether it strikes this time. Each kind has dice of its own, so that leaving one out does not change the others. */
  strikes(fault: Fault): boolean {
    const probability = this.#options[fault] ?? 0
    return this.isOn && probability > 0 && this.dice(fault).chance(probability)
  }

  dice(fault: Fault): SeededRandom {
    let dice = this.#dice.get(fault)
    if (!dice) this.#dice.set(fault, (dice = this.#random.fork(fault)))
    return dice
  }

  /** It made a difference. */
  took(fault: Fault): void {
    this.effects[fault] = (this.effects[fault] ?? 0) + 1
  }
}
