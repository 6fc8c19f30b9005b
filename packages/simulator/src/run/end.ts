import type { OpenConflict } from '@whisker/engine'
import { STRATEGIES, type Strategy, compareReplicas, unitOf } from '@whisker/protocol'
import type { Write } from '../checks/model.ts'
import { Violation } from '../checks/violation.ts'
import { SPACE } from '../world/world.ts'
import { notesOfRefused } from './notes.ts'
import { type Stage, isRotten, textsOf } from './stage.ts'

/** What must be so when everything has come to rest. */
export function checkEnd(stage: Stage): void {
  checkTexts(stage)
  checkConflicts(stage)
  checkLive(stage)
  checkBounds(stage)
  checkResyncs(stage)
}

function checkTexts(stage: Stage): void {
  const { world, model } = stage
  const openings = world.devices.flatMap((device) => device.openings)
  const found = new Set(openings.flatMap((opening) => [...textsOf(opening)]))
  const lost = model.lost(new Set([...found, ...notesOfRefused(world, model, openings)]))
  if (lost.length > 0) throw new Violation('M3', `lost: ${lost.join('; ')}`)
  const invented = model.invented(found)
  if (invented.length > 0) throw new Violation('M4', `nobody wrote ${invented.join(', ')}`)
  const risen = model.risen(found, standsForGood(stage))
  if (risen.length > 0) throw new Violation('M14', `it is there again: ${risen.join('; ')}`)
}

/** Whether a write stays written over once it is. */
function standsForGood({ model, plan, certainFrom }: Stage): (write: Write) => boolean {
  if (isRotten(plan.faults)) return () => false
  const unsure = new Set(model.writes.filter(bringsBack).map(keyOf))
  // Where a write is the whole document, it holds again what its author had seen, whoever wrote over that meanwhile.
  return (write) => write.number >= certainFrom && isByField(write) && !unsure.has(keyOf(write))
}

/** Metadata is always written by the key. */
const isByField = ({ key, collection }: Write): boolean =>
  key !== undefined || unitOf(collection as Strategy) === 'field'

const keyOf = ({ collection, document }: Write): string => `${collection}/${document}`

/**
 * Who settles a conflict with one of its values, or keeps both, shows again what others wrote over. An edit that a
 * refused one has overtaken before it was sent is gone with it.
 */
const bringsBack = ({ what, texts }: Write): boolean =>
  /^(settle|keep both)/.test(what) || texts.some((text) => text.startsWith('<p'))

/** Each conflict lists at least two values, the latest last, and no more than there are writes. */
function checkConflicts({ world, model }: Stage): void {
  const [opening] = world.devices[0]?.openings ?? []
  if (!opening) return
  for (const name of STRATEGIES) {
    for (const conflict of opening.engine.collection(name).conflicts()) {
      const writes = model.writes.filter(({ collection }) => collection === name).length
      const { id, path, values } = conflict
      const where = `${name}/${id} at "${path.join('.')}"`
      if (values.length < 2 || values.length > writes)
        throw new Violation('M16', `${where} lists ${values.length} values`)
      // A document that comes back is listed after the deletes that did not know of it.
      const isReturned = path.length === 0 && name !== 'last_write_wins'
      if (!isReturned && !isInOrder(conflict))
        throw new Violation('M15', `${where} does not list its values by their time`)
      const shown = values.filter((value) => value.shown)
      if (shown.length > 1) throw new Violation('M15', `${where} shows ${shown.length} of its values`)
      if (
        name === 'last_write_wins' &&
        path.length === 0 &&
        shown[0] &&
        shown[0].value !== undefined &&
        shown[0] !== values.at(-1)
      ) {
        throw new Violation('M15', `${where} shows something else than the latest value`)
      }
    }
  }
}

const isInOrder = ({ values }: OpenConflict): boolean =>
  values.every((value, index) => {
    const before = values[index - 1]
    if (!before || before.time < value.time) return true
    return before.time === value.time && compareReplicas(before.dot.replica, value.dot.replica) <= 0
  })

/** Whoever has a connection that stays has it again. */
function checkLive({ actors }: Stage): void {
  for (const { device, plan } of actors) {
    if (!plan.isLive) continue
    const states = device.openings.map(({ engine }) => engine.status.state)
    if (!states.includes('live')) throw new Violation('M27', `${device.name} is ${states.join()}, and not live`)
  }
}

const MOST_TIMERS = 12

function checkBounds({ world }: Stage): void {
  const processes = world.devices.reduce((sum, device) => sum + device.openings.length, 1)
  const { planned } = world.scheduler
  if (planned > processes * MOST_TIMERS)
    throw new Violation('M26', `${planned} tasks are planned for ${processes} processes`)
}

/** A device is told once that the server went back, or that it was away for too long; not again and again. */
function checkResyncs({ actors, timesBack, world }: Stage): void {
  for (const { device, refusals } of actors) {
    const told = refusals.get('resync') ?? 0
    const most = 2 * (timesBack + world.host.starts + 1)
    if (told > most) throw new Violation('M30', `${device.name} was told ${told} times to start over`)
  }
}

/** What the server has on record of a space is what its rows come to. */
export async function checkRecord({ world }: Stage): Promise<void> {
  const { record, rows } = await world.run(async () =>
    world.host.store.read(SPACE, async (reader) => ({
      record: await reader.space(),
      rows: await reader.changedAfter(0, Number.MAX_SAFE_INTEGER),
    })),
  )
  const bytes = rows.reduce((sum, row) => sum + row.stateBytes + row.tailBytes, 0)
  const { usage } = record
  if (usage.documents !== rows.length || usage.bytes !== bytes) {
    const told = `${usage.documents} documents of ${usage.bytes} bytes`
    throw new Violation('M34', `the server has ${told} on record; there are ${rows.length} of ${bytes}`)
  }
}
