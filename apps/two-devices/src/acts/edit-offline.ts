import { setTimeout as sleep } from 'node:timers/promises'
import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery } from '../stage.ts'
import { DELETE_AGAINST_EDIT, DIFFERENT_FIELDS, type Place, SAME_FIELD, patchAt, readAt } from '../story.ts'
import { emphasis, plural, quoted } from '../telling.ts'

/** Longer than the devices' clocks are coarse: what is typed later has the later time. */
const A_MOMENT_MS = 20

/** Both devices in airplane mode: different fields, the same fields, a delete against an edit. */
export async function editOffline({ stage, laptop, tablet }: Scenery): Promise<void> {
  const { telling } = stage.setting
  await Promise.all([laptop.call('stop'), tablet.call('stop')])
  telling.say('Airplane mode: neither device syncs. Both go on writing, unaware of the other.')

  const { collection, id } = DIFFERENT_FIELDS
  telling.scene('Different fields of one document', `${collection}/${id}, Portugal`)
  for (const [device, name] of [
    [laptop, 'laptop'],
    [tablet, 'tablet'],
  ] as const) {
    const { path, value } = DIFFERENT_FIELDS[name]
    await device.call('update', collection, id, patchAt(path, value))
    telling.does(name, `${path.join('.')} = ${quoted(await seen(device, { collection, id, path }))}`)
  }

  for (const scene of SAME_FIELD) {
    telling.scene(`The same field, under ${scene.strategy}`, `${scene.collection}/${scene.id} ${scene.path.join('.')}`)
    await laptop.call('update', scene.collection, scene.id, patchAt(scene.path, scene.laptop))
    await sleep(A_MOMENT_MS)
    await tablet.call('update', scene.collection, scene.id, patchAt(scene.path, scene.tablet))
    telling.does('laptop', quoted(await seen(laptop, scene)))
    telling.does('tablet', `${quoted(await seen(tablet, scene))}, a moment later`)
  }

  const { tablet: edit, ...lost } = DELETE_AGAINST_EDIT
  telling.scene('A delete against an edit', `${lost.collection}/${lost.id}, Antarctica`)
  await tablet.call('update', lost.collection, lost.id, patchAt(edit.path, edit.value))
  await sleep(A_MOMENT_MS)
  await laptop.call('delete', lost.collection, lost.id)
  telling.does('tablet', `${edit.path.join('.')} = ${quoted(edit.value)}`)
  telling.does('laptop', `${emphasis('deletes')} the whole document, a moment later`)

  telling.gap()
  const waiting = await Promise.all([laptop.call('status'), tablet.call('status')])
  const [onLaptop = 0, onTablet = 0] = waiting.map(({ pending }) => pending)
  telling.good(`safe on disk and waiting: ${plural(onLaptop, 'change')} on the laptop, ${onTablet} on the tablet`)
}

const seen = async (device: DeviceProcess, { collection, id, path }: Place): Promise<unknown> =>
  readAt(await device.call('get', collection, id), path)
