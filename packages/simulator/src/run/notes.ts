import type { Strategy } from '@whisker/protocol'
import type { Model, Write } from '../checks/model.ts'
import type { Docs } from '../workload/documents.ts'
import type { Opening } from '../world/device.ts'
import type { World } from '../world/world.ts'

/**
 * What was noted about documents of which these openings show nothing, because all that was in them was refused or is
 * somewhere else: it is there again as soon as that is.
 */
export function notesOfRefused(
  world: World<Docs>,
  model: Model,
  openings: readonly Opening<Docs>[],
): readonly string[] {
  const engines = world.devices.flatMap((device) => device.openings.map(({ engine }) => engine))
  const refused = engines.flatMap(({ rejected }) => rejected.list().map(({ operation }) => operation))
  const isRefused = ({ collection, document }: Write): boolean =>
    refused.some((operation) => operation.collection === collection && operation.document === document)
  const isShown = ({ collection, document }: Write): boolean =>
    openings.some(({ engine }) => engine.collection(collection as Strategy).has(document))
  return model.writes
    .filter((write) => write.key !== undefined && isRefused(write) && !isShown(write))
    .flatMap(({ texts }) => texts)
}
