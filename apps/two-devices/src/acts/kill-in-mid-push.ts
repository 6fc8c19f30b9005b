import { editions } from '../countries.ts'
import type { PushFacts } from '../facts.ts'
import type { Scenery } from '../stage.ts'
import { MEANWHILE } from '../story.ts'
import { type Telling, emphasis, number, quoted, seconds } from '../telling.ts'

/** How much of the push is acknowledged when the server is killed: after its first commit, long before its last. */
const KILL_AT = 0.25
const CHUNK = 500

/** The laptop pushes the bulk; in the middle of it, the server dies by SIGKILL. */
export async function killInMidPush({ stage, server, laptop, tablet }: Scenery): Promise<void> {
  const { telling, batchOperations, facts } = stage.setting
  const bulk = editions(stage.setting.editions)
  const startedAt = performance.now()
  for (let from = 0; from < bulk.length; from += CHUNK) {
    await laptop.call('createMany', 'atlas', bulk.slice(from, from + CHUNK))
  }
  const took = seconds(performance.now() - startedAt)
  telling.say(
    `Still offline, the laptop adds ${number(bulk.length)} historical maps to the atlas, in ${took}. Then it goes ` +
      `online and sends them, ${batchOperations} at a time. In the middle, the server is killed with ${emphasis('SIGKILL')}.`,
  )
  telling.gap()

  const { pending: total } = await laptop.call('status')
  const killed = laptop.next(
    'sync_progress',
    ({ phase, done }) => phase === 'push' && done < total && done >= total * KILL_AT,
  )
  const failed = laptop.next('sync_failed')
  await telling.withProgress([{ device: laptop, phase: 'push' }], async () => {
    await laptop.call('start')
    await killed
    await server.process.kill('SIGKILL')
    await failed
  })
  telling.gap()

  const status = await laptop.call('status')
  const push: PushFacts = { total, acknowledged: total - status.pending, batchOperations }
  facts.push = push
  tellOf(push, telling)
  telling.does('laptop', `is ${emphasis(status.state)}, and keeps the other ${number(status.pending)} changes`)

  const found = tablet.next('sync_failed')
  await tablet.call('start')
  await found
  await tablet.call('create', MEANWHILE.collection, MEANWHILE.id, MEANWHILE.value)
  const { state } = await tablet.call('status')
  telling.does('tablet', `finds no server, is ${emphasis(state)} too, and writes on:`)
  telling.does('tablet', `${MEANWHILE.collection}/${MEANWHILE.id} = ${quoted(MEANWHILE.value.text)}`)
}

function tellOf({ acknowledged, total }: PushFacts, telling: Telling): void {
  const text = `${number(acknowledged)} of ${number(total)} acknowledged when the server died`
  if (acknowledged > 0 && acknowledged < total) telling.good(text)
  else {
    telling.bad(text)
    throw new Error(`The server was not killed in the middle of the push: ${text}.`)
  }
}
