import { statSync } from 'node:fs'
import { type Held, check } from '../check.ts'
import { expectedDocuments } from '../expected.ts'
import type { DeviceFacts } from '../facts.ts'
import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery, Stage } from '../stage.ts'
import { type Name, bytes, number, seconds } from '../telling.ts'

/** What the story is about, at the least. */
const MORE_THAN = 5000
const SHOWN_DIFFERENCES = 10

/** A third device, fresh, and then all three document by document against what the story expects. */
export async function checkAll({ stage, server, laptop, tablet }: Scenery): Promise<void> {
  const { telling, facts, editions } = stage.setting
  const phone = await stage.device('phone', server)
  telling.say('A phone that has never synced joins, and gets everything.')
  telling.gap()
  const startedAt = performance.now()
  await telling.withProgress([{ device: phone, phase: 'pull' }], async () => {
    await phone.call('start')
    await phone.call('synced')
  })
  const took = seconds(performance.now() - startedAt)
  telling.gap()
  telling.good(`the phone has all of it after ${took}`)
  telling.gap()

  const devices = [laptop, tablet, phone]
  const held = await Promise.all(devices.map(heldBy))
  const expected = expectedDocuments(editions)
  facts.differences.push(...check(expected, held, MORE_THAN))
  facts.devices.push(...(await Promise.all(devices.map(async (device) => factsOf(stage, device)))))
  facts.server = { bytesOnDisk: sizeOf(stage, 'server') }
  tellOf(stage, expected.length)
}

async function heldBy(device: DeviceProcess): Promise<Held> {
  const { pending, rejected, conflicts } = await device.call('status')
  return { device: device.name, documents: await device.call('documents'), pending, rejected, conflicts }
}

async function factsOf(stage: Stage, device: DeviceProcess): Promise<DeviceFacts> {
  const { pending, rejected, conflicts } = await device.call('status')
  const { operationsSent, operationsReceived, bytesSent, bytesReceived } = await device.call('statistics')
  return {
    name: device.name,
    documents: await device.call('count'),
    pending,
    rejected,
    conflicts,
    operationsSent,
    operationsReceived,
    bytesSent,
    bytesReceived,
    bytesOnDisk: sizeOf(stage, device.name as Name),
  }
}

/** A database and what is not merged into it yet. */
const sizeOf = (stage: Stage, name: Name): number =>
  ['', '-wal'].reduce(
    (sum, suffix) => sum + (statSync(`${stage.fileOf(name)}${suffix}`, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )

function tellOf({ setting: { telling, facts } }: Stage, expected: number): void {
  for (const device of facts.devices) {
    const sent = `sent ${number(device.operationsSent)} changes, ${bytes(device.bytesSent)}`
    const received = `received ${number(device.operationsReceived)}, ${bytes(device.bytesReceived)}`
    telling.does(device.name as Name, `${sent.padEnd(29)}${received.padEnd(24)}${bytes(device.bytesOnDisk)} on disk`)
  }
  telling.does('server', `${' '.repeat(53)}${bytes(facts.server?.bytesOnDisk ?? 0)} on disk`)
  telling.say('A document that changed several times may arrive whole, and is then received as one.')
  telling.gap()
  for (const { device, what, expected: wanted, found } of facts.differences.slice(0, SHOWN_DIFFERENCES)) {
    telling.bad(`${device}, ${what}: expected ${short(wanted)}, found ${short(found)}`)
  }
  if (facts.differences.length) telling.bad(`${number(facts.differences.length)} differences`)
  else {
    telling.good(`${number(expected)} documents, one by one, are as the story expects on all three devices`)
    telling.good('every outbox is empty, nothing was rejected, no conflict is open')
  }
}

const short = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 160)
