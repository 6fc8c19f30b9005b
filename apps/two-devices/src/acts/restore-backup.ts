import { statSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Entry, postcards } from '../countries.ts'
import type { RestoreFacts } from '../facts.ts'
import { backUp, restore } from '../processes/backup.ts'
import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery } from '../stage.ts'
import { AFTER_BACKUP, type Change, LAPTOP_ALONE, WITHOUT_SERVER } from '../story.ts'
import { type Name, type Telling, bytes, emphasis, number, plural, quoted } from '../telling.ts'

/** The server is put back to a backup while both devices hold more than that; they give it back what it lost. */
export async function restoreBackup(scenery: Scenery): Promise<Scenery> {
  const { stage, laptop, tablet } = scenery
  const backup = await backUpWhileWriting(scenery)
  await writeOn(scenery)
  const { server, ...heads } = await loseServer(scenery, backup)
  const atSecondReturn = await comeBack({ ...scenery, server }, heads.atLoss)

  const returned = [tablet, laptop].map(async (device) => ({ device, offered: await device.call('offered') }))
  const all = await Promise.all(returned)
  const facts: RestoreFacts = {
    head: { ...heads, atSecondReturn },
    offered: all.map(({ device, offered }) => ({ device: device.name, documents: offered.length })),
    cameBack: new Set(all.flatMap(({ offered }) => offered)).size,
  }
  stage.setting.facts.restore = facts
  await tellOf(scenery, facts)
  return { ...scenery, server }
}

/** One postcard is in the backup for certain; of the others, those that are sent until the copy begins. */
async function backUpWhileWriting({ stage, laptop, tablet }: Scenery): Promise<string> {
  const { telling, folder } = stage.setting
  const backup = join(folder, 'backup.db')
  const cards = postcards('Europe')
  await sendEach(laptop, cards.slice(0, 1))
  await Promise.all([backUp(stage.fileOf('server'), backup), sendEach(laptop, cards.slice(1))])
  await meet(laptop, tablet)
  telling.say(`The laptop sends ${cards.length} postcards, one by one. Meanwhile the running server is backed up.`)
  telling.does('server', `server.db is copied to backup.db, ${bytes(statSync(backup).size)}`)
  return backup
}

async function sendEach(device: DeviceProcess, cards: readonly Entry[]): Promise<void> {
  for (const [id, value] of cards) {
    await device.call('create', 'notes', id, value)
    await device.call('synced')
  }
}

async function writeOn({ stage, laptop, tablet }: Scenery): Promise<void> {
  const { telling } = stage.setting
  telling.scene('Both write on and sync')
  await write(laptop, AFTER_BACKUP.laptop, telling)
  await meet(laptop, tablet)
  await write(tablet, AFTER_BACKUP.tablet, telling)
  await meet(tablet, laptop)
  telling.scene('The tablet is switched off, the laptop writes on and syncs')
  await tablet.call('stop')
  await write(laptop, LAPTOP_ALONE, telling)
  await laptop.call('synced')
  await laptop.call('stop')
}

/** The server on the backup, and what it and the lost one had taken. */
async function loseServer(
  { stage, server, laptop, tablet }: Scenery,
  backup: string,
): Promise<{ server: Scenery['server']; inBackup: number; atLoss: number }> {
  const { telling } = stage.setting
  telling.scene('The server loses its database')
  const atLoss = await stage.headOf(server)
  await server.process.kill('SIGKILL')
  await write(laptop, WITHOUT_SERVER.laptop, telling)
  await write(tablet, WITHOUT_SERVER.tablet, telling)
  restore(stage.fileOf('server'), backup)
  const restored = await stage.server(server.port)
  const inBackup = await stage.headOf(restored)
  telling.does('server', `starts again on the backup, as process ${restored.process.pid}`)
  const lacked = atLoss - inBackup
  const text = `of ${number(atLoss)} changes, the backup lacks the last ${number(lacked)}`
  if (lacked > 0) telling.does('server', emphasis(text))
  else throw new Error(`The backup should lack something: ${text}.`)
  return { server: restored, inBackup, atLoss }
}

/** The tablet first, with so much that is new that the laptop has not seen the end of it; returns the head then. */
async function comeBack({ stage, server, laptop, tablet }: Scenery, atLoss: number): Promise<number> {
  const { telling } = stage.setting
  telling.scene('First the tablet comes back, then the laptop')
  const cards = postcards('Asia', 'Africa')
  await tablet.call('createMany', 'notes', cards)
  await tablet.call('start')
  await tablet.call('synced')
  const head = await stage.headOf(server)
  telling.does('tablet', `brings ${cards.length} new postcards`)
  const text = `is at change ${number(head)} now, and the laptop has seen ${number(atLoss)}`
  if (head > atLoss) telling.does('server', text)
  else throw new Error(`The server should be beyond what the laptop has seen, but ${text}.`)
  await laptop.call('start')
  await meet(laptop, tablet)
  return head
}

async function tellOf({ stage, laptop, tablet }: Scenery, { offered, cameBack }: RestoreFacts): Promise<void> {
  const { telling } = stage.setting
  for (const { device, documents } of offered) {
    telling.does(device as Name, `offers what changed after the backup: ${plural(documents, 'document')}`)
  }
  telling.gap()
  const [here, there] = await Promise.all([laptop.call('documents'), tablet.call('documents')])
  const waiting = await Promise.all([laptop.call('status'), tablet.call('status')])
  const open = waiting.reduce((sum, { pending, rejected, conflicts }) => sum + pending + rejected + conflicts, 0)
  if (isDeepStrictEqual(here, there) && open === 0) {
    telling.good(`${plural(cameBack, 'document')} came back, deleted ones among them; nobody was asked`)
    telling.good(`both devices hold the same ${number(here.length)} documents`)
  } else telling.bad(`${plural(cameBack, 'document')} came back, but the devices differ or something is left open`)
}

/** They sync one after the other, so that the last one has it all. */
async function meet(...devices: readonly DeviceProcess[]): Promise<void> {
  for (const device of devices) await device.call('synced')
}

async function write(device: DeviceProcess, changes: readonly Change[], telling: Telling): Promise<void> {
  for (const change of changes) {
    const { does, collection, id } = change
    if (does === 'delete') await device.call('delete', collection, id)
    else await device.call(does, collection, id, change.value)
    telling.does(device.name as Name, `${`${collection}/${id}`.padEnd(19)}${wordsFor(change)}`)
  }
}

const wordsFor = (change: Change): string =>
  change.does === 'delete'
    ? emphasis('deleted')
    : Object.entries(change.value)
        .map(([field, value]) => `${field} = ${quoted(value)}`)
        .join('   ')
