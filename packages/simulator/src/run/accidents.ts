import { isSyncError } from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { Fault } from '../world/faults.ts'
import type { Process } from '../world/process.ts'
import { TRUSTED_MS } from '../world/rights.ts'
import { SPACE } from '../world/world.ts'
import { PEOPLE } from './actions.ts'
import { attack } from './attack.ts'
import { anyOpening } from './leaving.ts'
import { type Actor, type Stage } from './stage.ts'

type Accident = (stage: Stage, actor: Actor, dice: SeededRandom) => void | Promise<void>

const DAY_MS = 24 * 3_600_000
/** For how long the tabs of a browser wait for one that stands still before they take the lead from it. */
const LEAD_TAKEN_MS = 4000

/** What goes wrong at a moment of the plan; faults of single messages and commits are decided where those are. */
export const ACCIDENTS: Readonly<Partial<Record<Fault, Accident>>> = {
  partition: (stage, { device }, dice) => {
    device.way.isCut = true
    stage.tell(`${device.name} has no connection`)
    stage.world.scheduler.after(dice.below(60_000), () => {
      device.way.isCut = false
    })
  },
  partition_up: (stage, { device }, dice) => {
    device.way.losesUp = true
    stage.tell(`what ${device.name} sends gets lost`)
    stage.world.scheduler.after(dice.below(90_000), () => {
      device.way.losesUp = false
    })
  },
  partition_down: (stage, { device }, dice) => {
    device.way.losesDown = true
    stage.tell(`what ${device.name} is sent gets lost`)
    stage.world.scheduler.after(dice.below(90_000), () => {
      device.way.losesDown = false
    })
  },
  async device_crash(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    if (!opening) return
    const isBusy = opening.engine.status.pending > 0 || actor.device.disk.inFlight > 0
    if (isBusy) stage.world.faults.took('device_crash')
    stage.tell(`${opening.name} is killed`)
    opening.process.end()
    await stage.open(actor)
  },
  async power_cut(stage, actor, dice) {
    await PEOPLE.write(stage, actor, dice)
    const isWriting = await stage.world.scheduler.until(() => actor.device.disk.inFlight > 0, 5000)
    if (isWriting) stage.world.faults.took('power_cut')
    stage.tell(`${actor.device.name} loses power`)
    actor.device.crash()
    await stage.open(actor)
  },
  suspend(stage, actor, dice) {
    const opening = anyOpening(actor, dice)
    if (!opening) return
    stage.took('suspend', `${opening.name} stands still`)
    opening.process.suspend()
    stage.world.scheduler.after(dice.below(600_000), () => opening.process.resume())
  },
  lead_frozen(stage, { device }, dice) {
    const leads = device.disk.leads(SPACE)
    const { process } = leads
    if (!process || process.isSuspended || device.openings.length < 2) return
    stage.tell(`the process of ${device.name} that leads stands still`)
    process.suspend()
    stage.world.scheduler.after(LEAD_TAKEN_MS, () => {
      if (process.isSuspended) void leads.depose(process)
    })
    stage.world.scheduler.after(dice.below(20 * LEAD_TAKEN_MS), () => process.resume())
  },
  server_crash(stage, _actor, dice) {
    const { host, scheduler } = stage.world
    if (!host.isUp) return
    stage.tell('the server is killed')
    host.crash('server_crash')
    if (dice.chance(0.5)) host.start()
    else scheduler.after(dice.below(30_000), () => startIfDown(stage))
  },
  async server_stop(stage) {
    const { host } = stage.world
    if (!host.isUp) return
    stage.tell('the server is closed')
    await stage.world.run(async () => host.stop('server_stop'))
    startIfDown(stage)
  },
  clock_jump(stage, { device, clockFaults }, dice) {
    device.wall.offsetMs += dice.between(-2 * DAY_MS, 2 * DAY_MS)
    clockFaults.add('clock_jump')
    stage.tell(`the clock of ${device.name} is ${device.wall.offsetMs} ms ahead`)
  },
  clock_freeze(stage, { device, clockFaults }, dice) {
    device.wall.frozenAtMs = device.wall.now()
    clockFaults.add('clock_freeze')
    stage.tell(`the clock of ${device.name} stands still`)
    stage.world.scheduler.after(dice.below(3_600_000), () => {
      device.wall.frozenAtMs = undefined
    })
  },
  clock_years(stage, { device, clockFaults }, dice) {
    device.wall.offsetMs = dice.between(-20, 30) * 365 * DAY_MS
    clockFaults.add('clock_years')
    stage.tell(`the clock of ${device.name} is ${device.wall.offsetMs} ms ahead`)
  },
  token_expired(stage, { device }, dice) {
    const { principal } = device.options
    stage.tell(`the token of ${principal} has expired`)
    stage.world.host.expired.add(principal)
    stage.world.scheduler.after(dice.below(120_000), () => stage.world.host.expired.delete(principal))
  },
  access_revoked(stage, { device }, dice) {
    const { principal } = device.options
    const denied = dice.pick([['read'], ['write'], ['read', 'write', 'create']])
    const rare = dice.fork('recheck')
    const isTold = rare.chance(0.5)
    const { host, scheduler } = stage.world
    host.takeRights(principal, denied, isTold)
    stage.tell(`${principal} may not ${denied.join(' or ')} any more${isTold ? ', and the server is told so' : ''}`)
    scheduler.after(dice.below(300_000), () => host.rights.restore(principal))
    // There is something to be told of just when nothing may be told any more.
    for (const actor of stage.actors) {
      scheduler.after((isTold ? 0 : TRUSTED_MS) + rare.below(1000), () => void PEOPLE.write(stage, actor, rare))
    }
  },
  async server_restored(stage, _actor, dice) {
    if (stage.backups.length === 0 || dice.chance(0.4)) return keepBackup(stage)
    const lost = await restoreServer(stage, dice)
    if (lost > 0) stage.world.faults.took('server_restored')
  },
  async server_restored_late(stage, actor, dice) {
    if (stage.backups.length === 0 || dice.chance(0.4)) return keepBackup(stage)
    const { world, server } = stage
    const head = server.head
    actor.device.way.isCut = true
    const lost = await restoreServer(stage, dice)
    const others = stage.actors.filter((other) => other !== actor)
    for (let left = 20; left > 0 && server.head <= head; left--) {
      await PEOPLE.burst(stage, dice.pick(others), dice)
      await world.scheduler.advance(2000)
    }
    if (lost > 0 && server.head > head) stage.world.faults.took('server_restored_late')
    stage.tell(`the server is at ${server.head} when ${actor.device.name} comes back`)
    actor.device.way.isCut = false
  },
  async device_restored(stage, actor, dice) {
    if (actor.copies.length === 0 || dice.chance(0.4)) return keepCopy(stage, actor)
    const copy = dice.pick(actor.copies)
    actor.device.crash()
    await stage.world.run(async () => actor.device.disk.restore(SPACE, copy.copied))
    stage.model.storeWentBack(actor.device.name, copy.writes)
    stage.wentBack(1)
    actor.checks = stage.newStoreChecks(actor.device.name)
    actor.checks.load(copy.copied.stored)
    actor.forms.clear()
    stage.took('device_restored', `${actor.device.name} goes back to when there were ${copy.writes} writes`)
    await stage.open(actor)
  },
  async device_cloned(stage, actor) {
    if (stage.actors.length >= 8) return
    const { device } = actor
    const copied = await stage.world.run(async () => device.disk.load(SPACE))
    if (!copied) return
    const clone = stage.addActor(actor.plan, device.options.principal)
    await stage.world.run(async () => clone.device.disk.restore(SPACE, copied))
    clone.checks.load(copied.stored)
    stage.wentBack(0)
    stage.clones.push(new Set([actor, clone]))
    stage.tell(`${clone.device.name} is a copy of ${device.name}`)
    await stage.open(clone)
  },
  away: (stage, actor, dice) => stayAway(stage, actor, dice),
  async space_full(stage, _actor, dice) {
    const { host, scheduler } = stage.world
    const restart = (isFull: boolean): void => {
      host.isFull = isFull
      host.crash()
      host.start()
    }
    stage.tell('the space is full')
    restart(true)
    scheduler.after(dice.below(60_000), () => restart(false))
  },
  hostile: (stage, _actor, dice) => attack(stage, dice),
  async device_rot(stage, actor, dice) {
    const { device } = actor
    device.crash()
    const copied = await stage.world.run(async () => device.disk.load(SPACE))
    const row = copied && copied.stored.documents.length > 0 ? dice.pick(copied.stored.documents) : undefined
    if (row) {
      await stage.world.run(async () => device.disk.lose(SPACE, row[0], row[1]))
      stage.took('device_rot', `${device.name} has lost ${row[0]}/${row[1]}`)
    }
    await stage.open(actor)
  },
  async server_rot(stage, _actor, dice) {
    const { host } = stage.world
    host.crash()
    const key = await stage.world.run(async () => host.lose(dice))
    if (key) stage.took('server_rot', `the server has lost ${key.collection}/${key.document}`)
    host.start()
  },
}

function startIfDown({ world }: Stage): void {
  if (!world.host.isUp) world.host.start()
}

/** Kept while no transaction runs. */
async function keepBackup(stage: Stage): Promise<void> {
  const { host } = stage.world
  host.crash()
  const backup = await stage.world.run(async () => host.backup())
  stage.backups.push({ backup, checks: stage.server.copy(), held: stage.model.onServer })
  host.start()
  stage.tell(`the server is backed up at ${stage.server.head}, and started again`)
}

/** Returns by how much the head fell. */
async function restoreServer(stage: Stage, dice: SeededRandom): Promise<number> {
  const { host } = stage.world
  const kept = dice.pick(stage.backups)
  const { head } = stage.server
  host.crash()
  await stage.world.run(async () => host.restore(kept.backup))
  stage.server.wentBack(kept.checks)
  stage.model.serverWentBack(kept.held)
  stage.wentBack(1)
  host.start()
  stage.tell(`the server goes back from ${head} to ${stage.server.head}`)
  return head - stage.server.head
}

async function keepCopy(stage: Stage, actor: Actor): Promise<void> {
  const copied = await stage.world.run(async () => actor.device.disk.load(SPACE))
  const { writes } = stage.model
  // What was under way when it was copied may not be in it.
  const unsure = writes.find(({ store, fate }) => store === actor.device.name && fate === 'begun')
  if (copied) actor.copies.push({ copied, writes: unsure?.number ?? writes.length })
}

const processes = (actors: readonly Actor[]): readonly Process[] =>
  actors.flatMap(({ device }) => device.openings.map(({ process }) => process))

/** All devices sleep for more than the retention; all but one wake up in between, and at first go on writing. */
async function stayAway(stage: Stage, actor: Actor, dice: SeededRandom): Promise<void> {
  const { world, actors } = stage
  const others = actors.filter((other) => other !== actor)
  const before = stage.server.collected
  for (let part = 0; part < 3; part++) {
    for (const process of processes(actors)) process.suspend()
    await world.scheduler.advance(46 * DAY_MS)
    for (const process of processes(others)) process.resume()
    if (part === 0) for (const other of others) await PEOPLE.burst(stage, other, dice)
    await world.scheduler.advance(15_000)
    await world.run(async () =>
      world.host.server?.collect(SPACE).catch((error: unknown) => expectRunning(stage, error)),
    )
  }
  stage.wentBack(3)
  if (stage.server.collected > before) stage.world.faults.took('away')
  stage.tell(`${actor.device.name} comes back after 138 days`)
  for (const process of processes([actor])) process.resume()
}

function expectRunning(stage: Stage, error: unknown): void {
  if (!isSyncError(error)) stage.fail(error)
}
