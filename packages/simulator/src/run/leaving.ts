import { isSyncError } from '@whisker/protocol'
import { Violation } from '../checks/violation.ts'
import type { SeededRandom } from '../random.ts'
import type { Docs } from '../workload/documents.ts'
import type { Opening } from '../world/device.ts'
import type { Actor, Stage } from './stage.ts'

/** Engines that are being removed with all that they hold: every write is refused, and nobody writes any more. */
const LEAVING = new WeakSet<object>()

export function anyOpening({ device }: Actor, dice: SeededRandom): Opening<Docs> | undefined {
  const awake = device.openings.filter(({ process, engine }) => !process.isSuspended && !LEAVING.has(engine))
  return awake.length > 0 ? dice.pick(awake) : undefined
}

export async function close(stage: Stage, { device }: Actor, opening: Opening<Docs> | undefined): Promise<void> {
  if (!opening) return
  stage.tell(`${opening.name} closes`)
  try {
    // It may be killed while it closes.
    await stage.world.run(async () => Promise.race([opening.engine.close(), opening.process.ended]))
  } catch (error) {
    stage.fail(error)
  }
  opening.process.end()
  void device.openings
}

/** Everything of it is removed from the device, if it lets itself be removed; then it is made anew. */
export async function destroy(
  stage: Stage,
  actor: Actor,
  { name, process, engine }: Opening<Docs>,
  rare: SeededRandom,
): Promise<void> {
  const { device } = actor
  const discardPending = rare.chance(0.5)
  // What rotted elsewhere may be nowhere else.
  const isNeeded = stage.plan.faults.server_rot !== undefined || stage.plan.faults.device_rot !== undefined
  if (isNeeded || device.openings.length > 1) return
  const { pending, rejected } = engine.status
  stage.tell(`${name} removes its space, with ${pending} to send and ${rejected} refused`)
  LEAVING.add(engine)
  const removed = engine.destroy({ discardPending }).then(
    () => true,
    (error: unknown) => {
      LEAVING.delete(engine)
      const isRight = !discardPending && pending + rejected > 0 && isSyncError(error) && error.code === 'pending_work'
      if (!isRight) stage.expectDiskFault(error)
      return false
    },
  )
  const isGone = await stage.world.run(async () => Promise.race([removed, process.ended.then(() => undefined)]))
  if (isGone === false) return
  if (isGone && !discardPending && pending + rejected > 0)
    stage.fail(new Violation('M1', `${name} has removed what it had to send, and was not asked to`))
  process.end()
  stage.model.storeWentBack(device.name, 0)
  if (!isGone) return
  actor.checks = stage.newStoreChecks(device.name)
  actor.forms.clear()
}
