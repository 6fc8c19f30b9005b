import type { CollectionOptions, WriteResult } from '@whisker/engine'
import { STRATEGIES, type Strategy, isSyncError } from '@whisker/protocol'
import { type Write, textsIn } from '../checks/model.ts'
import type { StoreChecks } from '../checks/store-checks.ts'
import { Violation } from '../checks/violation.ts'
import type { SeededRandom } from '../random.ts'
import { COLLECTIONS } from '../workload/documents.ts'
import { nextWhim } from '../workload/whims.ts'
import { type Desk, type Intent, nextIntent } from '../workload/writing.ts'
import type { Opening } from '../world/device.ts'
import type { Docs } from '../workload/documents.ts'
import { blunder, giveUp } from './blundering.ts'
import type { ACTIONS } from './plan.ts'
import { noteWrite } from './effects.ts'
import { tryAgain } from './retrying.ts'
import { anyOpening, close, destroy } from './leaving.ts'
import type { Actor, Stage } from './stage.ts'

type Action = (stage: Stage, actor: Actor, dice: SeededRandom) => void | Promise<void>

/** What people do. Nothing here waits for a write to be over: the next thing may happen before. */
export const PEOPLE: Readonly<Record<(typeof ACTIONS)[number], Action>> = {
  write: (stage, actor, dice) => writeOnce(stage, actor, dice, 'w'),
  poison: (stage, actor, dice) => writeOnce(stage, actor, dice, 'p'),
  burst(stage, actor, dice) {
    for (let left = dice.between(2, 8); left > 0; left--) writeOnce(stage, actor, dice, 'w')
  },
  batch: (stage, actor, dice) => writeTogether(stage, actor, dice),
  bulk: (stage, actor, dice) => importMany(stage, actor, dice),
  sync(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    if (!opening) return
    if (hasWhims(stage)) pause(stage, opening, dice.fork('rare'))
    void syncOnce(stage, actor, opening)
  },
  synced(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    if (opening) void waitUntilSynced(stage, actor, opening, dice)
  },
  async open(stage, actor) {
    if (actor.device.openings.length >= 4) return
    stage.tell(`${actor.device.name} opens another`)
    await stage.open(actor)
  },
  async close(stage, actor, dice) {
    if (actor.device.openings.length < 2) return
    await close(stage, actor, anyOpening(actor, dice))
  },
  async reopen(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    const rare = dice.fork('rare')
    if (opening && hasWhims(stage) && rare.chance(REMOVED)) await destroy(stage, actor, opening, rare)
    else await close(stage, actor, opening)
    await stage.open(actor)
  },
  async change_strategy(stage, actor, dice) {
    const collections = dice.chance(0.5) ? COLLECTIONS : OTHER_STRATEGIES
    await close(stage, actor, anyOpening(actor, dice))
    stage.tell(`${actor.device.name} opens with ${collections === COLLECTIONS ? 'its' : 'other'} strategies`)
    await stage.open(actor, collections)
  },
  async retry(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    const refused = opening?.engine.rejected.list() ?? []
    if (!opening || refused.length === 0) return
    const one = dice.pick(refused)
    tryAgain(stage, actor, opening, one, dice.fork('rare'))
  },
  async discard(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    const refused = opening?.engine.rejected.list() ?? []
    if (!opening || refused.length === 0) return
    const one = dice.pick(refused)
    stage.model.discard(textsIn(one.operation))
    stage.tell(`${opening.name} lets go of ${one.id}`)
    opening.engine.rejected.discard(one.id).catch((error: unknown) => stage.expectDiskFault(error))
  },
  collect(stage) {
    stage.world.host.server?.collect('shared').catch(() => {})
  },
}

/** Each collection in the way of the other strategy of its unit. */
const OTHER_STRATEGIES: Readonly<Record<Strategy, CollectionOptions>> = {
  auto_merge: { strategy: 'manual' },
  manual: { strategy: 'auto_merge' },
  last_write_wins: { strategy: 'keep_both' },
  keep_both: { strategy: 'last_write_wins' },
}

const hasWhims = ({ plan }: Stage): boolean => plan.habits?.whims !== undefined

/** How often a space is removed rather than closed. */
const REMOVED = 0.6

/** It does not sync by itself for a while. */
function pause(stage: Stage, { name, engine, process }: Opening<Docs>, rare: SeededRandom): void {
  stage.tell(`${name} stops syncing by itself`)
  engine.stop()
  stage.world.scheduler.after(rare.below(60_000), () => {
    try {
      if (process.isAlive) engine.start()
    } catch (error) {
      stage.expectDiskFault(error)
    }
  })
}

function deskOf(stage: Stage, actor: Actor, opening: Opening<Docs>, dice: SeededRandom, mark: string): Desk {
  const name = dice.pick(STRATEGIES)
  // A burst has one die for all its writes.
  const rare = dice.fork(`rare ${stage.model.writes.length}`)
  const { habits = {} } = stage.plan
  const collection = opening.engine.collection(name)
  return {
    collection,
    strategy: collection.strategy,
    model: stage.model,
    random: dice,
    rare,
    habits,
    mark: habits.pardonMs !== undefined && rare.chance(DARING) ? 'p' : mark,
    paddingLength: 20_000,
    forms: actor.forms,
    name: `${opening.name}/${name}`,
  }
}

function writeOnce(stage: Stage, actor: Actor, dice: SeededRandom, mark: string): void {
  const opening = anyOpening(actor, dice)
  if (opening) writeAt(stage, actor, opening, dice, mark)
}

function writeAt(stage: Stage, actor: Actor, opening: Opening<Docs>, dice: SeededRandom, mark: string): void {
  const desk = deskOf(stage, actor, opening, dice, mark)
  const { habits, rare } = desk
  if (habits.blunders && rare.chance(habits.blunders)) blunder(stage, opening, desk)
  const refused = opening.engine.rejected.list()
  if (habits.pardonMs !== undefined && refused.length > 0 && rare.chance(RETRIED))
    tryAgain(stage, actor, opening, rare.pick(refused), rare)
  const whim = habits.whims && rare.chance(habits.whims) ? nextWhim(desk) : undefined
  const intent = whim ?? nextIntent(desk)
  if (intent) perform(stage, actor, opening, desk.collection.name, [intent], intent.run)
}

/** How often somebody writes what the server refuses, where it takes it later. */
const DARING = 0.2
/** How often somebody who writes sees to what was refused. */
const RETRIED = 0.3

/** Several writes, all or nothing. */
function writeTogether(stage: Stage, actor: Actor, dice: SeededRandom): void {
  const opening = anyOpening(actor, dice)
  if (!opening) return
  const desk = deskOf(stage, actor, opening, dice, 'w')
  const { habits, rare } = desk
  if (habits.blunders && rare.chance(habits.blunders)) giveUp(stage, actor, opening, desk)
  const intents: Intent[] = []
  const run = (): WriteResult =>
    opening.engine.batch(() => {
      for (let left = dice.between(2, 4); left > 0; left--) {
        const intent = nextIntent(desk)
        if (!intent) continue
        intents.push(intent)
        void intent.run()
      }
    })
  perform(stage, actor, opening, desk.collection.name, intents, run)
}

function importMany(stage: Stage, actor: Actor, dice: SeededRandom): void {
  const opening = anyOpening(actor, dice)
  if (!opening) return
  const { model } = stage
  const desk = deskOf(stage, actor, opening, dice, 'w')
  const intents = Array.from({ length: dice.between(10, 40) }, (_, index): Intent => {
    const document = `bulk-${model.writes.length}-${actor.device.name}-${index}`
    const text = model.mint()
    const value = { title: text }
    return {
      what: 'import',
      document,
      texts: [text],
      over: [],
      isDelete: false,
      run: () => desk.collection.create(document, value),
    }
  })
  const run = (): WriteResult => opening.engine.batch(() => intents.forEach((intent) => void intent.run()))
  perform(stage, actor, opening, desk.collection.name, intents, run)
}

/** Does it, and notes what becomes of it. */
function perform(
  stage: Stage,
  actor: Actor,
  opening: Opening<Docs>,
  collection: string,
  intents: readonly Intent[],
  run: () => WriteResult<unknown>,
): void {
  const { device, checks } = actor
  const result = run()
  noteWrite(stage, actor)
  const writes = stage.add(device.name, opening, collection, intents)
  checkSeen(stage, opening, collection, writes)
  void noteFate(stage, writes, result)
  void noteAcknowledged(stage, opening, checks, writes, result)
}

async function noteFate(stage: Stage, writes: readonly Write[], result: WriteResult<unknown>): Promise<void> {
  try {
    await result
    for (const write of writes) if (write.fate === 'begun') write.fate = 'durable'
  } catch (error) {
    for (const write of writes) write.fate = 'refused'
    stage.expectDiskFault(error)
  }
}

/** Whoever is told that the server has it finds it there, and no more among what is to be sent. */
async function noteAcknowledged(
  stage: Stage,
  opening: Opening<Docs>,
  checks: StoreChecks,
  writes: readonly Write[],
  result: WriteResult<unknown>,
): Promise<void> {
  stage.awaited.set(result, { opening, writes, again: [] })
  try {
    await result.acknowledged
    const missing = writes.flatMap((write) => stage.model.unheard(write, stage.server.texts))
    if (missing.length > 0)
      stage.fail(new Violation('M32', `${opening.name} was told that the server has ${missing.join(', ')}`))
    const waiting = writes
      .flatMap(({ texts }) => texts)
      .filter((text) => checks.isWaiting(text, stage.model.writtenOver(text)))
    if (waiting.length > 0)
      stage.fail(
        new Violation(
          'M32',
          `${opening.name} was told that ${waiting.join(', ')} is sent, and its disk has it to send`,
        ),
      )
  } catch (error) {
    if (!isSyncError(error)) stage.fail(error)
  }
  stage.awaited.delete(result)
}

/** Whoever writes something sees it at once, and goes on seeing it until they write over it. */
function checkSeen(stage: Stage, opening: Opening<Docs>, name: string, writes: readonly Write[]): void {
  const collection = opening.engine.collection(name as keyof Docs)
  if (collection.size > MOST_LOOKED_AT) return
  const seen = textsIn([collection.list().map(({ value, metadata }) => [value, metadata]), collection.conflicts()])
  const written = new Set(writes.flatMap(({ over }) => over))
  const missing = writes.flatMap(({ texts }) => texts).filter((text) => !seen.includes(text) && !written.has(text))
  if (missing.length > 0)
    stage.fail(new Violation('M17', `${opening.name} wrote ${missing.join(', ')} and does not see it`))
}

const MOST_LOOKED_AT = 30

/** A round that is told to have gone well has sent and fetched what there was; and everybody is told the same of it. */
async function syncOnce(stage: Stage, actor: Actor, opening: Opening<Docs>): Promise<void> {
  const asked = ask(stage, actor, opening)
  const rounds = stage.witnessesOf(opening)?.rounds
  const begun = rounds?.begun ?? 0
  stage.tell(`${opening.name} syncs now`)
  try {
    const result = await opening.engine.syncNow()
    rounds?.checkAsked(result, begun)
    if (result.ok) checkSynced(stage, actor, opening, asked)
  } catch (error) {
    stage.fail(error)
  }
}

/** Whoever is told that everything is synced finds it so. */
async function waitUntilSynced(stage: Stage, actor: Actor, opening: Opening<Docs>, dice: SeededRandom): Promise<void> {
  if (stage.plan.writesBeforeWaiting) writeAt(stage, actor, opening, dice.fork('before waiting'), 'w')
  const asked = ask(stage, actor, opening)
  const rounds = stage.witnessesOf(opening)?.rounds
  const begun = rounds?.begun ?? 0
  stage.tell(`${opening.name} waits until it is synced`)
  try {
    await opening.engine.synced()
    stage.tell(`${opening.name} is synced`)
    rounds?.checkWaited(begun)
    checkSynced(stage, actor, opening, asked)
  } catch (error) {
    if (!isSyncError(error)) stage.fail(error)
  }
}

/** What there was when somebody asked for a round. */
interface Asked {
  readonly pending: readonly number[]
  readonly checks: Actor['checks']
  readonly head: number
  readonly line: number
  /** What was safe on that device, and what whoever asks had just written. */
  readonly writes: ReadonlySet<Write>
  readonly awaited: ReadonlySet<unknown>
  /** How many writes there were. */
  readonly count: number
}

function ask({ server, model, awaited }: Stage, { device, checks }: Actor, opening: Opening<Docs>): Asked {
  const own = [...awaited.values()].filter((one) => one.opening === opening).flatMap(({ writes }) => writes)
  const durable = model.writes.filter(
    ({ store, isInStore, fate }) => store === device.name && isInStore && fate === 'durable',
  )
  return {
    pending: [...checks.outbox.keys()],
    checks,
    head: server.head,
    line: server.line,
    writes: new Set([...durable, ...own]),
    awaited: new Set(awaited.values()),
    count: model.writes.length,
  }
}

function checkSynced(stage: Stage, actor: Actor, { name, engine }: Opening<Docs>, asked: Asked): void {
  const { pending, checks, head, line, writes, count } = asked
  const { model } = stage
  if (actor.checks !== checks || stage.server.line !== line) return
  const left = pending.filter((position) => checks.outbox.has(position))
  if (left.length > 0) {
    stage.fail(new Violation('M24', `${name} says it is synced, and has ${left.length} operations to send`))
  }
  const { at } = checks
  // A scan from the start may have begun since.
  if (at?.line === line && at.since > 0 && at.since < head) {
    stage.fail(new Violation('M24', `${name} says it is synced at ${at.since}, and the head was ${head}`))
  }
  // What was refused may wait again by now, or be tried again without being on the disk yet.
  const tried = [...stage.awaited.values()].flatMap((one) => (asked.awaited.has(one) ? [] : one.again))
  const again = [...tried, ...[...checks.waiting].filter((text) => model.triedAgain.has(text))]
  // What was written over before it was sent goes with what was written over it, if that holds it as well.
  const later = [...checks.outbox].flatMap(([position, { texts }]) => (pending.includes(position) ? [] : texts))
  const there = new Set([...stage.server.texts, ...textsIn(engine.rejected.list()), ...again, ...later])
  const missing = model.lost(there, (write) => write.isInStore && writes.has(write))
  if (missing.length > 0)
    stage.fail(new Violation('M24', `${name} says it is synced, and the server has no ${missing.join('; ')}`))
  stage.reachedServer(actor, engine, count)
}
