import { SyncError, type SyncStore, isSyncError } from '@whisker/protocol'
import { memoryStore, sqliteStore } from '@whisker/server'
import { type SeededRandom, seededRandom } from '../random.ts'
import { checkDeviceOptions, checkDuration, checkStrikes, checkWorldOptions } from './check-given.ts'
import { differences, processesOf } from './differences.ts'
import { Device, KilledError } from './device.ts'
import { Disk } from './disk.ts'
import { Faults } from './faults.ts'
import { Host } from './host.ts'
import { Scheduler } from './scheduler.ts'
import type { NewDeviceOptions, WorldOptions } from './world-options.ts'

/** The space that all devices of a world share. */
export const SPACE = 'shared'
const START_MS = Date.UTC(2026, 0, 1)
/** How long everything may take to come to rest once nothing goes wrong any more. */
const SETTLE_MS = 10 * 60_000
/** How long a write waits for others that may share its commit. */
const LONGEST_TURN_MS = 40
/** How often a process is started that faults kill again and again. */
const MOST_STARTS = 100
const DISK_FAULTS: ReadonlySet<string> = new Set(['disk_full', 'store_failed'])

/** Devices, a server, and what lies between them, in virtual time. */
export class World<M = Record<string, object>> {
  readonly scheduler: Scheduler = new Scheduler(START_MS)
  readonly random: SeededRandom
  readonly faults: Faults
  readonly host: Host
  readonly devices: Device<M>[] = []
  readonly #options: WorldOptions

  constructor(options: WorldOptions) {
    checkWorldOptions(options)
    this.#options = options
    this.random = seededRandom(String(options.seed))
    this.faults = new Faults(options.faults ?? {}, this.random.fork('faults'))
    this.host = new Host({
      space: SPACE,
      scheduler: this.scheduler,
      faults: this.faults,
      random: this.random.fork('host'),
      newStore: () => this.#newStore(),
      observe: options.observe ?? ((store) => store),
      validate: options.validate,
      limits: options.limits ?? {},
      rightsTakeMs: options.rightsTakeMs ?? 0,
      onBreach: options.onBreach ?? (() => {}),
    })
    this.host.start()
  }

  #newStore(): SyncStore {
    if (this.#options.store === 'memory') return memoryStore()
    const dice = this.random.fork('turns')
    return sqliteStore(':memory:', {
      turn: async () => {
        await new Promise<void>((resolve) => this.scheduler.after(dice.below(LONGEST_TURN_MS), resolve))
      },
    })
  }

  /** A new device, with one process that runs and syncs. */
  async device(options: NewDeviceOptions = {}): Promise<Device<M>> {
    const names = this.devices.map(({ name }) => name)
    checkDeviceOptions(options, names)
    // Nobody does here what happens at the steps of a plan.
    checkStrikes(this.#options.faults ?? {})
    const device = this.addDevice(options)
    try {
      await this.open(device)
    } catch (error) {
      this.devices.splice(this.devices.indexOf(device), 1)
      throw error
    }
    return device
  }

  addDevice({
    name = `device-${this.devices.length + 1}`,
    principal,
    isLive = true,
    limits,
  }: NewDeviceOptions): Device<M> {
    const { collections, onCommit, onRequest, onReceipt, onRefusal } = this.#options
    const random = this.random.fork(name)
    const device = new Device<M>({
      name,
      principal: principal ?? name,
      space: SPACE,
      collections,
      isLive,
      limits: { ...this.#options.limits, ...limits },
      disk: new Disk({ faults: this.faults, random: random.fork('disk'), onCommit: onCommit ?? (() => {}) }),
      host: this.host,
      scheduler: this.scheduler,
      faults: this.faults,
      random,
      onRequest: (kind) => onRequest?.(name, kind),
      onReceipt: (request, receipt) => onReceipt?.(name, request, receipt),
      onRefusal: (code) => onRefusal?.(name, code),
    })
    this.devices.push(device)
    return device
  }

  /** Starts one more process on a device; one that a fault keeps from opening its store is started again. */
  async open(device: Device<M>): Promise<void> {
    this.#checkOwn(device)
    for (let left = MOST_STARTS; ; left--) {
      try {
        await this.run(async () => device.open())
        return
      } catch (error) {
        const isFault = error instanceof KilledError || (isSyncError(error) && DISK_FAULTS.has(error.code))
        if (!isFault || left === 1) throw error
      }
    }
  }

  /**
   * Lets time pass until some work is done. What takes time is done in here, or never ends: a write, `synced()`, a timer
   * of a process.
   */
  async run<T>(work: () => T | Promise<T>, withinMs: number = SETTLE_MS): Promise<T> {
    checkDuration('run', withinMs)
    const progress = { isDone: false }
    const promise = (async () => work())()
    const end = (): void => {
      progress.isDone = true
    }
    promise.then(end, end)
    await this.scheduler.rest()
    if (!(await this.scheduler.until(() => progress.isDone, withinMs))) {
      const told = processesOf(this.devices).join('; ')
      throw new SyncError('timeout', `It was not done within ${withinMs} ms of virtual time. ${told}`, {
        fix: 'What was asked of a process that was killed never ends: open the device, and ask again. Nor does what waits for real time, or for another world.',
      })
    }
    return promise
  }

  async advance(ms: number): Promise<void> {
    checkDuration('advance', ms)
    await this.scheduler.advance(ms)
  }

  /** Nothing gets through between a device and the server, until `join`. */
  part(device: Device<M>): void {
    this.#checkOwn(device)
    device.way.isCut = true
  }

  join(device: Device<M>): void {
    this.#checkOwn(device)
    Object.assign(device.way, { isCut: false, losesUp: false, losesDown: false })
  }

  /** Kills all processes of a device. What it had committed is there when it is opened again. */
  crash(device: Device<M>): void {
    this.#checkOwn(device)
    device.crash()
  }

  /** Kills the server, which starts again at once: a new epoch. */
  crashServer(): void {
    this.host.crash()
    this.host.start()
  }

  /**
   * Ends everything that goes wrong, opens what was killed, and lets time pass until all devices and the server have
   * the same and nothing is under way. Throws if that does not come to be. Afterwards faults strike as before.
   */
  async settle(withinMs: number = SETTLE_MS): Promise<void> {
    checkDuration('settle', withinMs)
    const wereOn = this.faults.isOn
    try {
      await this.heal()
      const end = this.scheduler.nowMs + withinMs
      while (this.differences().length > 0) {
        if (this.scheduler.nowMs >= end) {
          throw new SyncError('timeout', `It does not settle: ${this.differences().join('; ')}`, {
            fix: 'Mend what keeps them apart, or give it more time: settle(milliseconds).',
          })
        }
        await this.scheduler.advance(1000)
      }
    } finally {
      this.faults.isOn = wereOn
    }
  }

  /** From now on everything is as it should be. */
  async heal(): Promise<void> {
    this.calm()
    for (const device of this.devices) if (device.openings.length === 0) await this.open(device)
  }

  /** From now on nothing goes wrong; what was killed stays so. */
  calm(): void {
    const { host, faults } = this
    faults.isOn = false
    host.rights.restoreAll()
    host.expired.clear()
    if (host.isFull || !host.isUp) {
      host.isFull = false
      host.crash()
      host.start()
    }
    for (const device of this.devices) {
      this.join(device)
      device.wall.frozenAtMs = undefined
      for (const { process } of device.openings) process.wake()
    }
  }

  /**
   * Whether all devices show the same and nothing is under way. One whose processes were killed shows nothing: of it
   * counts what its disk holds to send.
   */
  converged(): boolean {
    return this.differences().length === 0
  }

  /** What keeps it from being so, in words. */
  differences(): readonly string[] {
    return differences(this.devices, Object.keys(this.#options.collections))
  }

  #checkOwn(device: Device<M>): void {
    if (this.devices.includes(device)) return
    throw new SyncError('invalid_options', 'Expected a device of this world.', {
      fix: 'Take one that `await world.device()` gave.',
    })
  }
}
