import type { Rejected, WriteResult } from '@whisker/engine'
import { type Delta, isSyncError } from '@whisker/protocol'
import { type Write, textsIn } from '../checks/model.ts'
import { Violation } from '../checks/violation.ts'
import type { SeededRandom } from '../random.ts'
import type { Docs } from '../workload/documents.ts'
import type { Opening } from '../world/device.ts'
import { type Actor, type Stage, textsOf } from './stage.ts'

/** What is written instead of something that was refused. */
interface Edit {
  readonly delta: Delta
  readonly texts: readonly string[]
  readonly over: readonly string[]
}

/** Tries again what was refused, where it may be taken by now also with other words: it must be there like any other write. */
export function tryAgain(stage: Stage, actor: Actor, opening: Opening<Docs>, one: Rejected, rare: SeededRandom): void {
  const { id, operation } = one
  const edit = stage.plan.habits?.pardonMs !== undefined && rare.chance(EDITED) ? editOf(stage, one) : undefined
  stage.tell(`${opening.name} tries ${id} again${edit ? ' with other words' : ''}`)
  stage.witnessesOf(opening)?.onlooker.wrote([...textsIn(operation), ...(edit?.texts ?? [])])
  const result = opening.engine.rejected.retry(id, edit && { delta: edit.delta })
  stage.model.writtenAgain(textsIn(operation), stage.world.scheduler.nowMs)
  const writes = edit ? noteEdit(stage, actor, opening, one, edit) : []
  const texts = textsIn(edit?.delta ?? operation.delta)
  checkThere(stage, opening, one, texts)
  stage.awaited.set(result, { opening, writes, again: texts })
  void noteFate(stage, writes, result)
  void noteAcknowledged(stage, opening, texts, result)
}

const EDITED = 0.4

/** Other words for all that the server refuses. */
function editOf({ model }: Stage, { operation }: Rejected): Edit | undefined {
  const roots = new Set(operation.delta.map(({ root }) => root))
  const over = [...new Set(textsIn(operation.delta))].filter((text) => text.startsWith('<p'))
  if (roots.size !== 1 || over.length === 0) return undefined
  const words = new Map(over.map((text) => [text, model.mint()]))
  const text = JSON.stringify(operation.delta).replace(/<p\d+>/g, (word) => words.get(word) ?? word)
  return { delta: JSON.parse(text) as Delta, texts: [...words.values()], over }
}

function noteEdit(
  stage: Stage,
  { device }: Actor,
  opening: Opening<Docs>,
  { operation }: Rejected,
  { texts, over }: Edit,
): readonly Write[] {
  const { collection, document } = operation
  const key = stage.model.writeOf(over[0] ?? '')?.key
  const what = 'try again with other words'
  return stage.add(device.name, opening, collection, [{ what, document, texts, over, key, isDelete: false }])
}

/** What is noted about a document that is not there waits for it. */
function checkThere(stage: Stage, opening: Opening<Docs>, { id, operation }: Rejected, texts: readonly string[]): void {
  const { name, engine } = opening
  if (engine.rejected.list().some((one) => one.id === id))
    stage.fail(new Violation('M41', `${name} tried ${id} again, and it is still listed`))
  const { type, collection, document } = operation
  if (type === 'metadata_update' && !engine.collection(collection as keyof Docs).has(document)) return
  const shown = textsOf(opening)
  const missing = texts.filter((text) => !shown.has(text))
  if (missing.length > 0)
    stage.fail(new Violation('M41', `${name} tried ${id} again, and does not see ${missing.join(', ')}`))
}

async function noteFate(stage: Stage, writes: readonly Write[], result: WriteResult): Promise<void> {
  try {
    await result
    for (const write of writes) if (write.fate === 'begun') write.fate = 'durable'
  } catch (error) {
    for (const write of writes) write.fate = 'refused'
    stage.expectDiskFault(error)
  }
}

/** Whoever is told that the server has it finds it there; it may also be refused once more. */
async function noteAcknowledged(
  stage: Stage,
  { name }: Opening<Docs>,
  texts: readonly string[],
  result: WriteResult,
): Promise<void> {
  try {
    await result.acknowledged
    const missing = stage.model.unheard({ texts }, stage.server.texts)
    if (missing.length > 0)
      stage.fail(new Violation('M41', `${name} was told that the server took ${missing.join(', ')} the second time`))
  } catch (error) {
    if (!isSyncError(error)) stage.fail(error)
  }
  stage.awaited.delete(result)
}
