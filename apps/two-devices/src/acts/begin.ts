import { atlas } from '../countries.ts'
import type { Scenery, Stage } from '../stage.ts'
import { BEGINNING } from '../story.ts'
import { aside, number, seconds } from '../telling.ts'

/** A server and two devices, each a process on a file of its own; the laptop brings the atlas, both sync. */
export async function begin(stage: Stage): Promise<Scenery> {
  const { telling } = stage.setting
  const server = await stage.server()
  const [laptop, tablet] = await Promise.all([stage.device('laptop', server), stage.device('tablet', server)])
  telling.does('server', `process ${server.process.pid}, server.db   ${aside(server.url)}`)
  telling.does('laptop', `process ${laptop.pid}, laptop.db`)
  telling.does('tablet', `process ${tablet.pid}, tablet.db`)
  telling.gap()

  await laptop.call('createMany', 'atlas', atlas())
  for (const { collection, id, value } of BEGINNING) await laptop.call('create', collection, id, value)
  telling.say(
    `The laptop opens an atlas of ${atlas().length} countries and begins three texts. Both devices go online.`,
  )
  telling.gap()
  const startedAt = performance.now()
  await telling.withProgress(
    [
      { device: laptop, phase: 'push' },
      { device: tablet, phase: 'pull' },
    ],
    async () => {
      await laptop.call('start')
      await laptop.call('synced')
      await tablet.call('start')
      await tablet.call('synced')
    },
  )
  const took = performance.now() - startedAt
  telling.gap()
  const counts = await Promise.all([laptop.call('count'), tablet.call('count')])
  telling.good(`both devices are synced after ${seconds(took)}: ${counts.map(number).join(' and ')} documents`)
  return { stage, server, laptop, tablet }
}
