import { isDeepStrictEqual } from 'node:util'
import type { DeviceConflict } from '../processes/device-process.ts'
import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery } from '../stage.ts'
import { DELETE_AGAINST_EDIT, SAME_FIELD, SETTLED, type Scene, readAt } from '../story.ts'
import { number, quoted } from '../telling.ts'

/** The tablet settles everything that is open, each in another way; the laptop has it a sync later. */
export async function settle({ stage, laptop, tablet }: Scenery): Promise<void> {
  const { telling } = stage.setting
  const conflicts = await tablet.call('conflicts')
  for (const scene of SAME_FIELD) {
    const how = await settleOne(tablet, scene, conflicts)
    telling.does('tablet', `${nameOf(scene)}${how}`)
  }
  const pick = pickOf(conflicts, DELETE_AGAINST_EDIT, ({ shown }) => shown)
  await tablet.call('resolve', DELETE_AGAINST_EDIT.collection, DELETE_AGAINST_EDIT.id, { pick })
  telling.does('tablet', `${nameOf(DELETE_AGAINST_EDIT)}picks the edit: the document stays`)
  await tablet.call('synced')
  await laptop.call('synced')
  telling.gap()

  const [here, there] = await Promise.all([laptop.call('documents'), tablet.call('documents')])
  for (const scene of [...SAME_FIELD, { ...DELETE_AGAINST_EDIT, path: DELETE_AGAINST_EDIT.tablet.path }]) {
    const shown = here.filter((one) => one.collection === scene.collection && one.id.split('~')[0] === scene.id)
    telling.does(
      'laptop',
      `${nameOf(scene)}${shown.map(({ value }) => quoted(readAt(value, scene.path))).join(' and ')}`,
    )
  }
  telling.gap()
  const [onLaptop, onTablet] = await Promise.all([laptop.call('status'), tablet.call('status')])
  const isSame = isDeepStrictEqual(here, there) && onLaptop.conflicts + onTablet.conflicts === 0
  if (isSame) telling.good(`no conflict is open, and both devices hold the same ${number(here.length)} documents`)
  else telling.bad(`open conflicts: ${onLaptop.conflicts} on the laptop, ${onTablet.conflicts} on the tablet`)
}

async function settleOne(device: DeviceProcess, scene: Scene, conflicts: readonly DeviceConflict[]): Promise<string> {
  const { strategy, collection, id } = scene
  switch (strategy) {
    case 'auto_merge':
      await device.call('resolve', collection, id, { value: SETTLED.atlas })
      return `gets a new value: ${quoted(SETTLED.atlas)}`
    case 'last_write_wins':
      await device.call('resolve', collection, id, { keepBoth: true })
      return 'keeps both: the other list becomes a note of its own'
    case 'keep_both': {
      const copy = (await device.call('ids', collection)).find((one) => one.startsWith(`${id}~`)) ?? 'no copy'
      await device.call('update', collection, copy, { title: SETTLED.drafts })
      return `stays twice; the copy gets a title: ${quoted(SETTLED.drafts)}`
    }
    case 'manual': {
      const pick = pickOf(conflicts, scene, ({ value }) => value === SETTLED.chapters)
      await device.call('resolve', collection, id, { pick })
      return `picks the laptop's ${quoted(SETTLED.chapters)}`
    }
  }
}

const pickOf = (
  conflicts: readonly DeviceConflict[],
  { collection, id }: Pick<Scene, 'collection' | 'id'>,
  wanted: (value: DeviceConflict['values'][number]) => boolean,
): string =>
  conflicts.find((one) => one.collection === collection && one.id === id)?.values.find(wanted)?.pick ?? 'no value'

const nameOf = ({ collection, id }: Pick<Scene, 'collection' | 'id'>): string => `${collection}/${id}`.padEnd(16)
