import { STRATEGIES } from '@whisker/protocol'
import { Violation } from '../checks/violation.ts'
import { COLLECTIONS } from '../workload/documents.ts'
import { differencesBetween, shownBy } from '../world/differences.ts'
import type { Fault, FaultOptions } from '../world/faults.ts'
import { ACCIDENTS } from './accidents.ts'
import { PEOPLE } from './actions.ts'
import { checkPlan } from './check-plan.ts'
import type { Plan, Step } from './plan.ts'
import { checkEnd, checkRecord } from './end.ts'
import { Stage, isRotten } from './stage.ts'

/** What came of a run. */
export interface Outcome {
  readonly plan: Plan
  /** Undefined if all rules held. */
  readonly violation: Violation | undefined
  readonly story: readonly string[]
  readonly events: number
  readonly virtualMs: number
  readonly writes: number
  readonly effects: Readonly<Partial<Record<Fault, number>>>
  /** The same for the same plan and the same product. */
  readonly trace: string
}

/** How long the world may take to come to rest when nothing goes wrong any more. */
const QUIET_MS = 15 * 60_000
/** A device that has repaired something does it again after this. */
const REPAIR_EVERY_MS = 3_600_000
/** How long it may take where digests mend what differs. */
const REPAIR_MS = 4 * REPAIR_EVERY_MS
/** Not the number of any step. */
const LAST_WORDS = -1
/** Lost connections are made anew within this. */
const LAST_WORDS_MS = 12_000
/** How long a connection may take to be there again. */
const RECONNECT_MS = 60_000
/** How long it is then watched. */
const SILENCE_MS = 3 * 60_000
/** The most requests of a device that has nothing to say, in that time: it asks every ten seconds. */
const SILENT_REQUESTS = 40

/** Does what the plan says, lets everything come to rest, and looks whether all is as it must be. */
export async function run(plan: Plan): Promise<Outcome> {
  checkPlan(plan)
  const stage = new Stage(plan)
  const begun = stage.world.scheduler.nowMs
  try {
    for (const device of plan.devices) {
      const actor = stage.addActor(device)
      for (let slot = 0; slot < device.slots; slot++) await stage.open(actor)
    }
    for (const step of plan.steps) {
      await perform(stage, step)
      if (stage.violations.length > 0) break
    }
    if (stage.violations.length === 0) await comeToRest(stage)
  } catch (error) {
    stage.fail(error)
  }
  const { scheduler, faults } = stage.world
  return {
    plan,
    violation: stage.violations[0],
    story: stage.story,
    events: scheduler.events,
    virtualMs: scheduler.nowMs - begun,
    writes: stage.model.writes.length,
    effects: faults.effects,
    trace: scheduler.trace,
  }
}

async function perform(stage: Stage, { number, kind, device, afterMs }: Step): Promise<void> {
  const actor = stage.actors[device % stage.actors.length]
  if (!actor) return
  const act = PEOPLE[kind as keyof typeof PEOPLE] ?? ACCIDENTS[kind as Fault]
  await act?.(stage, actor, stage.dice(number))
  await stage.world.scheduler.advance(afterMs)
}

async function comeToRest(stage: Stage): Promise<void> {
  const { world, actors } = stage
  stage.tell('from here on nothing goes wrong')
  world.calm()
  for (const actor of actors) {
    for (const { process, engine } of actor.device.openings) {
      // Everybody looks at the documents in the same way, at the end.
      if (STRATEGIES.every((name) => engine.collection(name).strategy === COLLECTIONS[name].strategy)) continue
      process.end()
    }
    if (actor.device.openings.length === 0) await stage.open(actor)
  }
  await sayLastWords(stage)
  const end = world.scheduler.nowMs + (needsRepair(stage.plan.faults) ? REPAIR_MS : QUIET_MS)
  // What only the server holds, or only they, the devices do not differ in.
  if (isRotten(stage.plan.faults)) await world.scheduler.advance(REPAIR_EVERY_MS + QUIET_MS)
  while (world.differences().length > 0) {
    if (stage.violations.length > 0) return
    if (world.scheduler.nowMs >= end) {
      throw new Violation('M25', `it does not come to rest: ${world.differences().slice(0, 5).join('; ')}`)
    }
    await world.scheduler.advance(5000)
  }
  stage.tell('everything has come to rest')
  await world.scheduler.advance(RECONNECT_MS)
  checkEnd(stage)
  await checkRecord(stage)
  await checkSilence(stage)
  for (const actor of actors) {
    stage.checkStore(actor)
    stage.checkTold(actor)
  }
  await checkReopened(stage)
}

/** Everybody writes once more while connections are made anew: nothing comes later that would bring what got lost on the way. */
async function sayLastWords(stage: Stage): Promise<void> {
  const { world, actors } = stage
  const dice = stage.dice(LAST_WORDS)
  if (dice.chance(0.5)) world.crashServer()
  for (const actor of actors) {
    for (let left = 2; left > 0; left--) {
      world.scheduler.after(dice.below(LAST_WORDS_MS), () => void PEOPLE.write(stage, actor, dice))
    }
  }
  await world.scheduler.advance(LAST_WORDS_MS)
}

/**
 * Rows that vanished are found by their digest; so is a delete that the server has collected and forgotten, and that a
 * device knows, if somebody who was away when the server went back brings the document again.
 */
const needsRepair = (faults: FaultOptions): boolean =>
  isRotten(faults) ||
  (faults.away !== undefined && (faults.server_restored ?? faults.server_restored_late) !== undefined)

/** When all is said, nobody speaks. */
async function checkSilence(stage: Stage): Promise<void> {
  const { world, actors } = stage
  const before = actors.map(({ requests }) => requests)
  await world.scheduler.advance(SILENCE_MS)
  actors.forEach((actor, index) => {
    const made = actor.requests - (before[index] ?? 0)
    if (made > SILENT_REQUESTS)
      throw new Violation('M28', `${actor.device.name} made ${made} requests with nothing to say`)
  })
}

/** What a device shows is what it has stored: opened again, it shows the same before it has talked to anybody. */
async function checkReopened(stage: Stage): Promise<void> {
  for (const actor of stage.actors) {
    const [before] = actor.device.openings
    const shown = before && shownBy(before, STRATEGIES)
    actor.device.crash()
    actor.device.way.isCut = true
    const opening = await stage.open(actor)
    if (!shown || !opening) continue
    const different = differencesBetween(before.name, shown, opening.name, shownBy(opening, STRATEGIES))
    if (different.length > 0) throw new Violation('M20', `after a restart ${different.slice(0, 5).join('; ')}`)
  }
}
