import type { DeviceProcess } from '../processes/control.ts'
import type { Scenery } from '../stage.ts'
import { FINALE } from '../story.ts'
import { aside, emphasis, quoted } from '../telling.ts'

/** Both devices are opened again, with connections that stay: one types, and the other has each word at once. */
export async function typeLive({ stage, server, laptop, tablet }: Scenery): Promise<void> {
  const { telling, facts } = stage.setting
  const { collection, id, text } = FINALE
  await Promise.all([laptop, tablet].map(async (device) => stage.reopenLive(device, server)))
  telling.say('Both devices have opened a WebSocket. The laptop types one more sentence, a word at a time.')
  telling.gap()
  await laptop.call('create', collection, id, { title: 'Finale', text: '' })

  const words = text.split(' ')
  const tookMs: number[] = []
  for (const [index, word] of words.entries()) {
    const ms = await typeOne(laptop, tablet, words.slice(0, index + 1).join(' '))
    tookMs.push(ms)
    telling.does('tablet', `${quoted(word).padEnd(12)}${aside(`after ${milliseconds(ms)}`)}`)
  }
  const sorted = tookMs.toSorted((a, b) => a - b)
  const live = { edits: sorted.length, medianMs: at(sorted, 0.5), slowestMs: at(sorted, 1) }
  facts.live = live

  telling.gap()
  const summary = `${milliseconds(live.medianMs)} in the middle, ${milliseconds(live.slowestMs)} at the slowest`
  telling.good(`from the edit on the laptop until the tablet shows it: ${emphasis(summary)}`)
}

/** Resolves to the milliseconds from the call that edits on one device until the other shows it. */
async function typeOne(from: DeviceProcess, to: DeviceProcess, text: string): Promise<number> {
  const { collection, id, field } = FINALE
  const shown = to.call('whenShown', collection, id, field, text)
  // It is looking once it has answered this, for it takes one call after the other.
  await to.call('status')
  const typedMs = await from.call('updateNow', collection, id, { [field]: text })
  return (await shown) - typedMs
}

const at = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.ceil(share * sorted.length) - 1] ?? 0) * 10) / 10

const milliseconds = (ms: number): string => `${ms.toFixed(1)} ms`
