import { parseJson } from '@whisker/protocol'
import type { SeededRandom } from '../random.ts'
import type { RequestKind } from '../world/host.ts'
import { repeatAsAnother } from './overheard.ts'
import type { Stage } from './stage.ts'

/** Nobody that lives in the world, and what each of them may. */
const STRANGERS: Readonly<Record<string, readonly string[]>> = {
  mallory: [],
  reader: ['read'],
  writer: ['write', 'create'],
}

/** A stranger, and somebody who has recorded the traffic, send what they can think of. Nothing of it may change anything. */
export async function attack(stage: Stage, dice: SeededRandom): Promise<void> {
  const { host, faults } = stage.world
  for (const [name, actions] of Object.entries(STRANGERS)) host.rights.confine(name, actions)
  const pushes = host.heard('push')
  const heard = pushes.length > 0 ? dice.pick(pushes) : undefined
  const text = heard?.text ?? '{}'
  const attempts: readonly (readonly [principal: string, kind: RequestKind, text: string])[] = [
    ['mallory', 'push', text],
    ['mallory', 'pull', '{"v":"1"}'],
    [heard?.principal ?? 'mallory', 'push', text],
    [heard?.principal ?? 'mallory', 'push', broken(text, dice)],
  ]
  const [principal, kind, message] = dice.pick(attempts)
  const connection = host.connect(principal)
  if (!connection) return
  stage.tell(`a ${kind} arrives that ${principal} never made`)
  connection.receive(kind, message, () => {
    if (isJson(message)) faults.took('hostile')
  })
  if (stage.plan.eavesdrops) await repeatAsAnother(stage, Object.keys(STRANGERS), dice.fork('overheard'))
}

/** What is no JSON is refused at the door. */
function isJson(text: string): boolean {
  try {
    parseJson(text)
    return true
  } catch {
    return false
  }
}

/** The text of a message with a part of it left out, doubled or made another. */
function broken(text: string, dice: SeededRandom): string {
  const [from, to] = [dice.below(text.length), dice.below(text.length)].sort((a, b) => a - b) as [number, number]
  switch (dice.below(3)) {
    case 0:
      return text.slice(0, from) + text.slice(to)
    case 1:
      return text.slice(0, to) + text.slice(from)
    default:
      return `${text.slice(0, from)}${dice.pick(['null', '[', '-1', '"x"', '1e999', '{}'])}${text.slice(from)}`
  }
}
