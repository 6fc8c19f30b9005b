import type { WriteResult } from '@whisker/engine'
import { STRATEGIES, isSyncError } from '@whisker/protocol'
import { Violation } from '../checks/violation.ts'
import { type Blunder, ChangedMind, nextBlunder } from '../workload/blunders.ts'
import type { Docs } from '../workload/documents.ts'
import { type Desk, type Intent, nextIntent } from '../workload/writing.ts'
import type { Opening } from '../world/device.ts'
import type { Actor, Stage } from './stage.ts'

/** Does something wrong, which must leave everything as it was. */
export function blunder(stage: Stage, opening: Opening<Docs>, desk: Desk): void {
  const bad = nextBlunder(desk, opening.engine.rejected)
  if (!bad) return
  refuse(stage, opening, () => ({ ...bad, what: `${bad.what} in ${desk.collection.name}` }), bad.run)
}

/** Several writes, of which none must be there: in the midst of them something is wrong, or the app's own code throws. */
export function giveUp(stage: Stage, { device }: Actor, opening: Opening<Docs>, desk: Desk): void {
  const { rare, collection } = desk
  const isWrong = rare.chance(0.5)
  let bad: Blunder | undefined
  const intents: Intent[] = []
  const some = (): void => {
    for (let left = rare.between(1, 3); left > 0; left--) {
      const intent = nextIntent(desk)
      if (!intent) continue
      intents.push(intent)
      void intent.run()
    }
  }
  const run = (): WriteResult =>
    opening.engine.batch(() => {
      some()
      // What they did just now is what it goes wrong on.
      if (isWrong) bad = nextBlunder(desk, opening.engine.rejected)
      if (!bad) throw new ChangedMind()
      void bad.run()
      some()
    })
  refuse(stage, opening, () => ({ what: `write together and ${bad?.what ?? 'give up'}`, codes: bad?.codes ?? [] }), run)
  // What a form showed meanwhile may be saved later, and then it is there.
  for (const write of stage.add(device.name, opening, collection.name, intents)) write.fate = 'refused'
}

/** What is tried is known only once it was. */
function refuse(stage: Stage, opening: Opening<Docs>, tried: () => Omit<Blunder, 'run'>, run: Blunder['run']): void {
  const before = standOf(opening)
  const result = run()
  const after = standOf(opening)
  const bad = tried()
  stage.tell(`${opening.name} tries to ${bad.what}`)
  if (after !== before) {
    let at = 0
    while (before[at] === after[at]) at++
    const part = (text: string): string => text.slice(Math.max(0, at - 100), at + 100)
    stage.fail(
      new Violation(
        'M40',
        `${opening.name} tried to ${bad.what}; there was ${part(before)}, and now there is ${part(after)}`,
      ),
    )
  }
  for (const promise of [result, result.acknowledged]) void expectRefusal(stage, opening, bad, promise)
}

async function expectRefusal(
  stage: Stage,
  { name }: Opening<Docs>,
  { what, codes }: Omit<Blunder, 'run'>,
  promise: Promise<unknown>,
): Promise<void> {
  const error = await promise.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  )
  const isRight = codes.length > 0 ? isSyncError(error) && codes.includes(error.code) : error instanceof ChangedMind
  if (isRight) return
  const expected = codes.join(' or ') || 'what it threw itself'
  stage.fail(new Violation('M40', `${name} tried to ${what}; it was told ${String(error)}, and not ${expected}`))
}

/** All that an app can see of what it has written. */
function standOf({ engine }: Opening<Docs>): string {
  const collections = STRATEGIES.map((name) => {
    const collection = engine.collection(name)
    const documents = collection.list().map((one) => ({ ...one, waiting: engine.pendingOf(name, one.id) }))
    return { name, documents, conflicts: collection.conflicts() }
  })
  const { pending, oldestPendingAt, conflicts, rejected } = engine.status
  const refused = engine.rejected.list()
  return JSON.stringify({ collections, refused, status: { pending, oldestPendingAt, conflicts, rejected } }, inOrder)
}

/** The order of keys is nobody's promise. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value
