import type { Scenery } from '../stage.ts'
import { number, seconds } from '../telling.ts'

/** The same file, the same port: both devices go on where they were. */
export async function backOnline(scenery: Scenery): Promise<Scenery> {
  const { stage, laptop, tablet } = scenery
  const { telling } = stage.setting
  const server = await stage.server(scenery.server.port)
  telling.does('server', `starts again on server.db, as process ${server.process.pid}`)
  telling.gap()
  const startedAt = performance.now()
  await telling.withProgress(
    [
      { device: laptop, phase: 'push' },
      { device: tablet, phase: 'pull' },
    ],
    async () => {
      await Promise.all([laptop.call('synced'), tablet.call('synced')])
      // Each may have been through before the other's last change arrived
      await Promise.all([laptop.call('synced'), tablet.call('synced')])
    },
  )
  telling.gap()
  const counts = await Promise.all([laptop.call('count'), tablet.call('count')])
  const took = seconds(performance.now() - startedAt)
  telling.good(`both devices are synced after ${took}: ${counts.map(number).join(' and ')} documents`)
  return { ...scenery, server }
}
