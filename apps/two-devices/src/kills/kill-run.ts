import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Difference, check } from '../check.ts'
import { Server, Writer, pause, settle } from './cast.ts'
import {
  type DevicePoint,
  type DeviceTrace,
  type Point,
  type ServerPoint,
  type ServerTrace,
  isServerPoint,
} from './points.ts'
import { reopenDevice, reopenServer } from './reopen.ts'
import { documentsOf, upTo, writtenBy } from './values.ts'

/** So many that they travel for a while. */
const BULK = 300
/** A process that works comes to any point many times within this. */
const POINT_MS = 20_000
const LONGEST_PAUSE_MS = 150

/** What the kills hit: a point, or at a random moment an open transaction, else a running round, else nothing. */
export type Hit = Point | 'an open transaction' | 'a running round' | 'nothing'

/**
 * A server, two devices that write and one that reads, killed again and again. After each kill the file is opened and
 * looked at, and the process comes back; what is wrong is returned, in words.
 */
export class KillRun {
  readonly hits = new Map<Hit, number>()
  readonly #random: () => number
  readonly #folder = mkdtempSync(join(tmpdir(), 'whisker-kills-'))
  readonly #server = new Server(this.#folder)
  readonly #writers = ['ann', 'ben'].map((name) => new Writer(name, this.#folder, this.#server))
  readonly #reader = new Writer('cleo', this.#folder, this.#server)
  readonly #newcomer = new Writer('dora', this.#folder, this.#server)

  /** `random` gives numbers from 0 and below 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  async begin(): Promise<void> {
    await this.#server.start()
    await Promise.all([this.#reader.start(), ...this.#writers.map(async (writer) => writer.startWriting())])
    await this.#writers[0]?.process.call('bulk', BULK)
  }

  /** Kills that hit something. */
  get effective(): number {
    return this.#kills - (this.hits.get('nothing') ?? 0)
  }

  /** Lets a process come to a point, at which it kills itself. */
  async killAt(point: Point): Promise<readonly string[]> {
    return isServerPoint(point) ? this.#killServerAt(point) : this.#killDeviceAt(point)
  }

  /** Kills a process at a random moment: the server as often as all devices together. */
  async killAtRandom(): Promise<readonly string[]> {
    const victim = this.#random() < 0.5 ? this.#server : this.#oneOf([...this.#writers, this.#reader])
    await pause(this.#random() * LONGEST_PAUSE_MS)
    if (!victim.process.isRunning) return endedByItself(victim)
    const isInRound = (victim instanceof Server ? [...this.#writers, this.#reader] : [victim]).some(
      (one) => one.isInRound,
    )
    await victim.end()
    this.#count(victim.telltales.wasInTransaction ? 'an open transaction' : isInRound ? 'a running round' : 'nothing')
    return victim instanceof Server ? this.#returnServer() : this.#returnDevice(victim)
  }

  /** Ends the writing. Returns how the devices, and one that joins now, differ from what was written. */
  async end(): Promise<readonly Difference[]> {
    const devices = [...this.#writers, this.#reader, this.#newcomer]
    await this.#newcomer.start()
    await settle(...devices)
    const held = await Promise.all(devices.map(async (device) => device.held()))
    const bulk = Array.from({ length: BULK }, (_, index) => [`bulk/bulk-${index}`, { value: index }] as const)
    const written = writtenBy(this.#writers.map(({ name, resolved }) => [name, upTo(resolved)]))
    return check(documentsOf(new Map([...bulk, ...written])), held, BULK)
  }

  /** In a line. */
  get summary(): string {
    const hits = [...this.hits].map(([hit, times]) => `${times} × ${hit}`)
    const values = this.#writers.map(({ resolved }) => resolved).join(' and ')
    return `${this.#kills} kills, ${this.effective} of them effective: ${hits.join(', ')}; the devices wrote ${values} values`
  }

  async close(): Promise<void> {
    const all = [this.#server, ...this.#writers, this.#reader, this.#newcomer]
    await Promise.all(all.map(async (one) => one.end()))
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #killServerAt(point: ServerPoint): Promise<readonly string[]> {
    const server = this.#server
    await endOf(server, point, server.process.call('stopAt', point))
    const { trace } = server.telltales
    if (!trace) return endedByItself(server)
    this.#count(point)
    return this.#returnServer(trace)
  }

  async #killDeviceAt(point: DevicePoint): Promise<readonly string[]> {
    const victim = this.#oneOf(point === 'page put, not committed' ? [...this.#writers, this.#reader] : this.#writers)
    await endOf(victim, point, victim.process.call('stopAt', point))
    const { trace } = victim.telltales
    if (!trace) return endedByItself(victim)
    this.#count(point)
    return this.#returnDevice(victim, trace)
  }

  async #returnServer(trace?: ServerTrace): Promise<readonly string[]> {
    // As of now: soon the server acknowledges more.
    const acknowledged = this.#writers.map((writer) => [writer.name, [...writer.acknowledged]] as const)
    const [wrong] = await Promise.all([reopenServer(this.#server.file, acknowledged, trace), this.#server.start()])
    return wrong.map((what) => `server: ${what}`)
  }

  async #returnDevice(victim: Writer, trace?: DeviceTrace): Promise<readonly string[]> {
    const [wrong] = await Promise.all([
      reopenDevice(victim.file, [[victim.name, upTo(victim.resolved)]], trace),
      victim === this.#reader ? victim.start() : victim.startWriting(),
    ])
    return wrong.map((what) => `${victim.name}: ${what}`)
  }

  get #kills(): number {
    return [...this.hits.values()].reduce((sum, times) => sum + times, 0)
  }

  #count(hit: Hit): void {
    this.hits.set(hit, (this.hits.get(hit) ?? 0) + 1)
  }

  #oneOf<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)] as T
  }
}

/** Waits until the process has come to the point that it was asked to stop at. */
async function endOf({ name, process }: Server | Writer, point: Point, asked: Promise<unknown>): Promise<void> {
  // It may be gone before it can answer.
  asked.catch(() => undefined)
  const { promise: late, reject } = Promise.withResolvers<never>()
  const tooLate = (): void => reject(new Error(`${name} did not come to “${point}” within ${POINT_MS} ms.`))
  const timer = setTimeout(tooLate, POINT_MS)
  await Promise.race([process.ended, late])
  clearTimeout(timer)
}

const endedByItself = ({ name, process }: Server | Writer): readonly string[] => [
  `${name} ended by itself. ${process.output}`,
]
