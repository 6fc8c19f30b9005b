import type { WriteResult } from '@whisker/engine'
import { STRATEGIES, type StoreCommit, isSyncError } from '@whisker/protocol'
import { Model, type Write, describe, textsIn } from '../checks/model.ts'
import { Onlooker } from '../checks/onlooker.ts'
import { ServerChecks, type ServerChecksCopy } from '../checks/server-checks.ts'
import { StoreChecks } from '../checks/store-checks.ts'
import type { Surroundings } from '../checks/surroundings.ts'
import { ToldRounds } from '../checks/told-rounds.ts'
import { ToldStatus } from '../checks/told-status.ts'
import { Violation } from '../checks/violation.ts'
import { type SeededRandom, seededRandom } from '../random.ts'
import { COLLECTIONS, type Docs } from '../workload/documents.ts'
import type { Form, Intent } from '../workload/writing.ts'
import type { Device, Opening } from '../world/device.ts'
import type { Disk, StoredCopy } from '../world/disk.ts'
import type { Fault, FaultOptions } from '../world/faults.ts'
import type { Backup } from '../world/host.ts'
import { World } from '../world/world.ts'
import { notesOfRefused } from './notes.ts'
import type { DevicePlan, Plan } from './plan.ts'

const CLOCK_AHEAD_MS = 5 * 60_000

/** A device in a run, with all that is known of it. */
export interface Actor {
  readonly device: Device<Docs>
  readonly plan: DevicePlan
  readonly random: SeededRandom
  /** What is open in a form, by engine and collection. */
  readonly forms: Map<string, Form>
  checks: StoreChecks
  /** Copies of its store, and how many writes there were then. */
  readonly copies: { readonly copied: StoredCopy; readonly writes: number }[]
  requests: number
  /** What happened to its clock since the last write. */
  readonly clockFaults: Set<Fault>
  readonly refusals: Map<string, number>
}

export interface KeptBackup {
  readonly backup: Backup
  readonly checks: ServerChecksCopy
  readonly held: ReadonlySet<Write>
}

/** Who goes by what an engine tells. */
export interface Witnesses {
  readonly onlooker: Onlooker
  readonly status: ToldStatus
  readonly rounds: ToldRounds
}

/** Who waits, for which writes, and for which texts that are tried again. */
interface Awaited {
  readonly opening: Opening<Docs>
  readonly writes: readonly Write[]
  readonly again: readonly string[]
}

/** A run: the world, what people do in it, and the checks that watch. */
export class Stage {
  readonly plan: Plan
  readonly world: World<Docs>
  readonly model: Model
  readonly server: ServerChecks
  readonly actors: Actor[] = []
  readonly backups: KeptBackup[] = []
  /** Of each device that was copied: those of the two that have not written since. */
  readonly clones: Set<Actor>[] = []
  /** What happened, in words. */
  readonly story: string[] = []
  /** What does not hold. The first is what matters. */
  readonly violations: Violation[] = []
  /** How often the server or a device went back in time, or stayed away. */
  timesBack = 0
  /**
   * How many writes there were when anybody last went back, came back, was copied or gave new names to what they had to
   * send: what wrote over these may be gone, or know them by another name.
   */
  certainFrom = 0
  readonly #random: SeededRandom
  readonly #begunMs: number
  /** Writes whose authors wait to hear that the server has them. */
  readonly awaited: Map<WriteResult<unknown>, Awaited> = new Map()
  readonly #witnesses = new Map<Opening<Docs>, Witnesses>()
  /** Engines beside which another has had the store open. */
  readonly #accompanied = new Set<Opening<Docs>>()
  readonly #byDisk = new Map<Disk, Actor>()

  constructor(plan: Plan) {
    this.plan = plan
    this.model = new Model(!CLOCK_FAULTS.some((fault) => plan.faults[fault] !== undefined))
    this.#random = seededRandom(`run ${plan.seed}`)
    this.server = new ServerChecks({
      nowMs: () => this.world.scheduler.nowMs,
      clockAheadMs: CLOCK_AHEAD_MS,
      report: (error) => this.fail(error),
    })
    this.world = new World<Docs>({
      seed: plan.seed,
      collections: COLLECTIONS,
      faults: plan.faults,
      store: plan.store,
      limits: plan.serverLimits,
      rightsTakeMs: plan.rightsTakeMs,
      validate: (operation) =>
        !this.#isPardoned && textsIn(operation.delta).some((text) => text.startsWith('<p'))
          ? { code: 'poison', message: 'No.' }
          : undefined,
      onBreach: (what) => this.fail(new Violation('M35', what)),
      observe: (store) => this.server.observe(store),
      onCommit: (disk, _space, commit) => this.#watch(() => this.#committed(disk, commit)),
      onRequest: (device) => {
        const actor = this.#actor(device)
        if (actor) actor.requests++
      },
      onReceipt: (_device, _request, { problem }) => {
        if (problem?.code === 'operation_rejected') this.world.faults.took('poison')
        if (problem?.code === 'space_full') this.world.faults.took('space_full')
      },
      onRefusal: (device, code) => {
        const actor = this.#actor(device)
        actor?.refusals.set(code, (actor.refusals.get(code) ?? 0) + 1)
      },
    })
    this.#begunMs = this.world.scheduler.nowMs
    this.world.scheduler.onError = (error) => this.fail(error)
  }

  /** Whether the server takes by now what it refused before. */
  get #isPardoned(): boolean {
    const { pardonMs = Infinity } = this.plan.habits ?? {}
    return this.world.scheduler.nowMs - this.#begunMs >= pardonMs
  }

  #actor(name: string): Actor | undefined {
    return this.actors.find(({ device }) => device.name === name)
  }

  /** What a step of the plan is to be decided by. */
  dice(step: number): SeededRandom {
    return this.#random.fork(`step ${step}`)
  }

  #committed(disk: Disk, commit: StoreCommit): void {
    const checks = this.#byDisk.get(disk)?.checks
    const before = checks?.renamed
    checks?.committed(commit)
    if (checks?.renamed !== before) this.certainFrom = this.model.writes.length
  }

  /** Somebody goes back in time, comes back or is copied: the server may tell them as often to start over. */
  wentBack(times: number): void {
    this.timesBack += times
    this.certainFrom = this.model.writes.length
  }

  tell(what: string): void {
    this.story.push(`${this.#time()} ${what}`)
  }

  #time(): string {
    const seconds = (this.world.scheduler.nowMs - this.#begunMs) / 1000
    return `${seconds.toFixed(3).padStart(12)}s`
  }

  fail(error: unknown): void {
    const violation =
      error instanceof Violation
        ? error
        : new Violation('M0', error instanceof Error ? (error.stack ?? error.message) : String(error))
    this.violations.push(violation)
    this.tell(`VIOLATION ${violation.message}`)
  }

  /** A fault that made a difference. */
  took(fault: Fault, what: string): void {
    this.world.faults.took(fault)
    this.tell(`${fault}: ${what}`)
  }

  /** A write that was well made fails only when the disk does, or when the engine is closed under it. */
  expectDiskFault(error: unknown): void {
    if (isSyncError(error) && DISK_FAULTS.has(error.code)) return
    this.fail(error)
  }

  #watch(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.fail(error)
    }
  }

  addActor(plan: DevicePlan, principal?: string): Actor {
    const name = `D${this.actors.length}`
    const device = this.world.addDevice({ name, principal, isLive: plan.isLive, limits: plan.limits })
    const actor: Actor = {
      device,
      plan,
      random: this.#random.fork(name),
      forms: new Map(),
      checks: this.newStoreChecks(name),
      copies: [],
      requests: 0,
      clockFaults: new Set(),
      refusals: new Map(),
    }
    this.actors.push(actor)
    this.#byDisk.set(device.disk, actor)
    return actor
  }

  newStoreChecks(name: string): StoreChecks {
    return new StoreChecks(name, this.server, isRotten(this.plan.faults))
  }

  /** Starts a process; what its store had promised must be there before it talks to anybody. */
  async open(actor: Actor, collections?: Parameters<Device['open']>[0]): Promise<Opening<Docs> | undefined> {
    const durable = new Set(this.model.writes.filter(({ fate }) => fate === 'durable'))
    try {
      const opening = await this.world.run(async () => actor.device.open(collections))
      this.watchOpening(actor, opening)
      this.checkStore(actor, opening, (write) => durable.has(write))
      return opening
    } catch (error) {
      // A disk that fails while a store is opened says so, and nothing is open.
      if (this.world.faults.isOn && error instanceof Error)
        this.tell(`${actor.device.name} cannot be opened: ${error.message}`)
      else this.fail(error)
      return undefined
    }
  }

  watchOpening(actor: Actor, opening: Opening<Docs>): void {
    const { engine, name } = opening
    const { openings } = actor.device
    if (openings.length > 1) for (const one of openings) this.#accompanied.add(one)
    const report = (violation: Violation): void => this.fail(violation)
    const around = this.#around(actor, opening)
    this.#witnesses.set(opening, {
      onlooker: new Onlooker(name, engine, around, report),
      status: new ToldStatus(name, engine, around, report),
      rounds: new ToldRounds(name, engine, around, report),
    })
    engine.on('change', (changes) => {
      const invented = this.model.invented(new Set(changes.flatMap(({ after }) => textsIn(after))))
      if (invented.length > 0)
        this.fail(new Violation('M4', `${name} shows ${invented.join(', ')}, which nobody wrote`))
    })
    engine.on('mismatch_detected', () => {
      if (!DIFFERING.some((fault) => this.plan.faults[fault] !== undefined))
        this.fail(new Violation('M33', `${name} finds a difference from the server, though nothing was lost`))
    })
    engine.on('sync_completed', () => {
      const { operations, at } = actor.checks
      // The answer may be of a server that has gone back since.
      if (operations.length === 0 && at?.line === this.server.line) this.reachedServer(actor, engine)
    })
  }

  #around(actor: Actor, opening: Opening<Docs>): Surroundings {
    const { wall } = actor.device
    const isSpared = (faults: readonly Fault[]): boolean =>
      faults.every((fault) => this.plan.faults[fault] === undefined)
    return {
      nowMs: () => wall.now(),
      clockAheadMs: () => wall.offsetMs,
      isWayPrompt: isSpared(LATE_FAULTS),
      isClockKept: isSpared(CLOCK_FAULTS),
      isDiskSound: isSpared(COMMIT_FAULTS),
      isAlone: () => !this.#accompanied.has(opening),
      texts: () => actor.checks.texts,
      operations: () => actor.checks.operations.length,
      hasUnsent: (refused) => actor.checks.hasUnsent(refused),
      sent: () => actor.checks.sent,
    }
  }

  witnessesOf(opening: Opening<Docs>): Witnesses | undefined {
    return this.#witnesses.get(opening)
  }

  /** Whoever went by what it was told knows what there is. */
  checkTold({ device }: Actor): void {
    for (const opening of device.openings) {
      const witnesses = this.#witnesses.get(opening)
      witnesses?.onlooker.check()
      witnesses?.status.check()
    }
    for (const { opening, writes } of this.awaited.values()) {
      if (!device.openings.includes(opening) || writes.some(({ fate }) => fate !== 'durable')) continue
      throw new Violation('M32', `nobody was told what became of ${writes.map(describe).join('; ')}`)
    }
  }

  /** What somebody is about to make, or has just made. */
  add(
    store: string,
    opening: Opening<Docs>,
    collection: string,
    intents: readonly Omit<Intent, 'run'>[],
  ): readonly Write[] {
    const { name } = opening
    return intents.map(({ what, document, texts, over, again = [], around = [], isDelete, key }) => {
      const atMs = this.world.scheduler.nowMs
      const write = this.model.add({
        store,
        collection,
        document,
        what,
        texts,
        over,
        again,
        around,
        isDelete,
        key,
        atMs,
      })
      this.tell(`${name} #${write.number} ${what} ${collection}/${document} +${texts.join()} -${over.join()}`)
      this.witnessesOf(opening)?.onlooker.wrote(texts, again)
      return write
    })
  }

  /** Everything that a device had to send is on the server, or was refused. */
  reachedServer({ device }: Actor, engine: Opening<Docs>['engine'], upTo: number = this.model.writes.length): void {
    // What is tried again may not be on the disk yet.
    const again = [...this.model.triedAgain].filter((text) => !this.server.texts.has(text))
    this.model.reachedServer(device.name, upTo, new Set([...textsIn(engine.rejected.list()), ...again]))
  }

  /** What was written on a device is there, unless somebody who saw it wrote over it. */
  checkStore(
    actor: Actor,
    opening: Opening<Docs> | undefined = actor.device.openings[0],
    isAsked: (write: Write) => boolean = () => true,
  ): void {
    const { plan, model } = this
    if (!opening || isRotten(plan.faults)) return
    const { name } = actor.device
    // A document that somebody made of one of two values may have been refused: then they have it, and nobody else.
    const refused = this.world.devices.flatMap(({ openings }) => openings.map(({ engine }) => engine.rejected.list()))
    // What is noted about a document whose beginning was refused waits for what the server says.
    const isNote = (text: string): boolean => model.writeOf(text)?.key !== undefined
    const waiting = [...actor.checks.waiting].filter((text) => model.triedAgain.has(text) || isNote(text))
    // What somebody made a document of its own may come with a later page than the document that it was taken from.
    const { at } = actor.checks
    const isAtHead = at?.line === this.server.line && at.since === this.server.head
    const onItsWay = isAtHead ? [] : this.server.texts
    const notes = notesOfRefused(this.world, model, [opening])
    const found = new Set([...textsOf(opening), ...textsIn(refused), ...waiting, ...onItsWay, ...notes])
    const lost = model.lost(found, (write) => write.store === name && write.isInStore && isAsked(write))
    if (lost.length > 0) this.fail(new Violation('M1', `${name} has lost ${lost.join('; ')}`))
  }
}

const DISK_FAULTS: ReadonlySet<string> = new Set(['disk_full', 'store_failed', 'closed'])

const CLOCK_FAULTS: readonly Fault[] = ['clock_jump', 'clock_freeze', 'clock_years']

/** Whether rows may vanish from a disk. */
export const isRotten = ({ device_rot: ofDevice, server_rot: ofServer }: FaultOptions): boolean =>
  ofDevice !== undefined || ofServer !== undefined

/** After these, a digest may tell of what nothing else does. */
const DIFFERING: readonly Fault[] = [
  'device_rot',
  'server_rot',
  'server_restored',
  'server_restored_late',
  'device_restored',
  'device_cloned',
  'away',
  'access_revoked',
]

/** After these, an answer may be old when it is read. */
const LATE_FAULTS: readonly Fault[] = ['delay', 'suspend', 'lead_frozen']
const COMMIT_FAULTS: readonly Fault[] = ['disk_full', 'disk_error', 'disk_busy']

/** All texts that an app is shown on a device: values, metadata, conflicts, what was refused. */
export function textsOf({ engine }: Opening<Docs>): ReadonlySet<string> {
  const shown = STRATEGIES.flatMap((name) => {
    const collection = engine.collection(name)
    return [
      ...textsIn(collection.list().map(({ value, metadata }) => [value, metadata])),
      ...textsIn(collection.conflicts()),
    ]
  })
  return new Set([...shown, ...textsIn(engine.rejected.list())])
}
