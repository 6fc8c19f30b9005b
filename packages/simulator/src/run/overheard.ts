import { LIMITS, type ReplicaId, decodePull, decodePush, isSyncError, parseJson } from '@whisker/protocol'
import { Violation } from '../checks/violation.ts'
import type { SeededRandom } from '../random.ts'
import { isTelling } from '../world/answer.ts'
import type { HostConnection } from '../world/host.ts'
import type { Said } from '../world/rights.ts'
import { SPACE } from '../world/world.ts'
import type { Stage } from './stage.ts'

/** What somebody asked for is asked again by somebody else: by who may not, or by who may, but not under that replica. */
export async function repeatAsAnother(stage: Stage, strangers: readonly string[], dice: SeededRandom): Promise<void> {
  const { host } = stage.world
  const said = dice.pick(['push', 'pull', 'subscribe'] as const)
  const heard = host.heard(said)
  if (heard.length === 0) return
  const { text } = dice.pick(heard)
  const banned = strangers.filter((name) => host.rights.banFrom(said, name))
  const people = await stage.world.run(async () => othersThan(stage, said, text))
  const impostor = dice.pick(people.length > 0 && dice.chance(0.7) ? people : banned)
  const connection = host.connect(impostor)
  if (!connection) return
  stage.tell(`${impostor} repeats a ${said} of somebody else`)
  const given = (what: string): void =>
    stage.fail(new Violation('M35', `${impostor} repeated a ${said} of somebody else, and got ${what.slice(0, 100)}`))
  send(connection, said, text, { given, over: () => stage.world.faults.took('hostile') })
}

interface Back {
  /** Told of anything but a refusal that tells nothing. */
  readonly given: (what: string) => void
  /** Told when it was answered. */
  readonly over: () => void
}

function send(connection: HostConnection, said: Said, text: string, { given, over }: Back): void {
  if (said === 'subscribe') {
    connection.subscribe(text, { bufferedBytes: 0, send: given, end: over })
    return
  }
  connection.receive(said, text, (answer) => {
    if (isTelling(answer)) given(answer.text)
    over()
  })
}

/**
 * The people of the world to whom a replica does not belong that is named there: one that the server knows by another
 * name. A disk that fails just then tells of nobody.
 */
async function othersThan({ world, actors }: Stage, said: Said, text: string): Promise<readonly string[]> {
  const asked = world.host.store.read(SPACE, async (reader) => reader.replicas(replicasIn(said, text)))
  const rows = await asked.catch((thrown: unknown) => {
    if (isSyncError(thrown)) return []
    throw thrown
  })
  const people = new Set(actors.map(({ device }) => device.options.principal))
  return [...people].filter((name) => rows.some(({ principal }) => principal !== name))
}

/** The replicas that a message names as its author's; none of one that is damaged. */
function replicasIn(said: Said, text: string): readonly ReplicaId[] {
  try {
    const message = parseJson(text)
    return said === 'push'
      ? decodePush(SPACE, message, LIMITS).replicas.map(({ replica }) => replica)
      : decodePull(SPACE, message as Readonly<Record<string, string>>, LIMITS).acknowledged.map(
          ({ replica }) => replica,
        )
  } catch {
    return []
  }
}
