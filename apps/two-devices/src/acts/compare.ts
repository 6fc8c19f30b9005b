import { isDeepStrictEqual } from 'node:util'
import type { Strategy } from '@whisker/protocol'
import { expectedOpen } from '../expected.ts'
import type { OpenFacts } from '../facts.ts'
import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery } from '../stage.ts'
import { DELETE_AGAINST_EDIT, DIFFERENT_FIELDS, SAME_FIELD, type Scene, readAt } from '../story.ts'
import { aside, quoted } from '../telling.ts'

/** What each device sees now, and what it lists beside it. */
export async function compare({ stage, laptop, tablet }: Scenery): Promise<void> {
  const { telling, facts } = stage.setting
  const sights = await Promise.all([sightOf(laptop), sightOf(tablet)])
  const [onLaptop, onTablet] = sights
  const both = [
    ['laptop', onLaptop],
    ['tablet', onTablet],
  ] as const
  const { collection, id } = DIFFERENT_FIELDS
  telling.scene('Different fields', `${collection}/${id}: both edits are in it`)
  for (const [name, { fields }] of both) {
    telling.does(name, `capital = ${quoted(fields[0])}   languages.mwl = ${quoted(fields[1])}`)
  }
  for (const [index, open] of onLaptop.open.entries()) {
    telling.scene(HEADINGS[index] ?? open.document, open.document)
    for (const [name, sight] of both) {
      const { shown, others } = sight.open[index] ?? { shown: undefined, others: [] }
      const listed = `${LISTED[open.strategy] ?? ''} ${others.map(otherOf).join(', ')}`
      telling.does(name, `${quoted(shown)}   ${aside(listed)}`)
    }
  }
  telling.gap()
  facts.open.push(...onLaptop.open)
  for (const [device, { open, raw }] of both) {
    const expected = expectedOpen()
    if (!isDeepStrictEqual(open, expected)) facts.differences.push({ device, what: 'open', expected, found: open })
    if (!isDeepStrictEqual(raw, onLaptop.raw)) {
      facts.differences.push({ device, what: 'conflicts', expected: onLaptop.raw, found: raw })
    }
  }
  if (facts.differences.length) telling.bad('the devices do not list what the story expects')
  else telling.good('both devices show and list the same; nothing that was typed is gone')
}

const otherOf = (value: unknown): string => (value === undefined ? 'the delete' : quoted(value))

const MEANING: Readonly<Record<Strategy, string>> = {
  auto_merge: 'the later value shows, the other is listed',
  last_write_wins: 'the later one shows, the other is listed',
  keep_both: 'both stay, as two documents',
  manual: 'the later value shows until somebody chooses',
}

const HEADINGS = [
  ...SAME_FIELD.map(({ strategy }) => `${strategy}: ${MEANING[strategy]}`),
  'A delete against an edit: the edit brings the document back',
]

const LISTED: Readonly<Record<string, string>> = {
  auto_merge: 'conflict with',
  last_write_wins: 'conflict with',
  keep_both: 'and a copy,',
  manual: 'open against',
}

interface Sight {
  readonly fields: readonly unknown[]
  readonly open: readonly OpenFacts[]
  /** The conflicts and copies with their ids: the same on every device. */
  readonly raw: unknown
}

async function sightOf(device: DeviceProcess): Promise<Sight> {
  const conflicts = await device.call('conflicts')
  const drafts = await device.call('ids', 'drafts')
  const valueOf = async (scene: Pick<Scene, 'collection' | 'id' | 'path'>): Promise<unknown> =>
    readAt(await device.call('get', scene.collection, scene.id), scene.path)
  const othersOf = async ({ collection, id, path, strategy }: Scene): Promise<readonly unknown[]> => {
    if (strategy === 'keep_both') {
      const copies = drafts.filter((one) => one.startsWith(`${id}~`))
      return Promise.all(copies.map(async (copy) => valueOf({ collection, id: copy, path })))
    }
    const conflict = conflicts.find((one) => one.collection === collection && one.id === id)
    const values = (conflict?.values ?? []).filter(({ shown }) => !shown)
    // A conflict over the whole document has documents for values
    return values.map(({ value }) => (conflict?.path.length ? value : readAt(value, path)))
  }
  const { tablet, ...lost } = DELETE_AGAINST_EDIT
  const scenes: readonly Scene[] = [
    ...SAME_FIELD,
    { ...lost, strategy: 'auto_merge', path: tablet.path, laptop: '', tablet: '' },
  ]
  const open = scenes.map(async (scene) => ({
    strategy: scene.strategy,
    document: `${scene.collection}/${scene.id}`,
    shown: await valueOf(scene),
    others: await othersOf(scene),
  }))
  const { collection, id, laptop } = DIFFERENT_FIELDS
  const fields = [laptop.path, DIFFERENT_FIELDS.tablet.path].map(async (path) => valueOf({ collection, id, path }))
  return { fields: await Promise.all(fields), open: await Promise.all(open), raw: { conflicts, drafts } }
}
