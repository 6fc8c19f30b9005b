import type { Figure } from '../figures.ts'
import type { Place } from '../place.ts'
import { median, quantile } from '../statistics.ts'
import { type Measure, figureOf } from './measure.ts'
import { openPair, passEdit } from './pair.ts'

/** The first ones find cold code and are not counted. */
const WARM_UP = 30

/**
 * One edit to the other device, in its two halves, against two bare HTTP requests of the same size; with one write on each
 * disk, and without any. What the disk takes is the difference of these two.
 */
export const live: Measure = async (place, { documents, edits }) => {
  const pair = await openPair(place, await place.space(documents))
  const bare = await openBarePair(place)
  const push: number[] = []
  const pull: number[] = []
  const stored: number[] = []
  const relayed: number[] = []
  for (let edit = 0; edit < WARM_UP + edits; edit++) {
    const title = `The ${edit}th ferry at dawn`
    const ours = await passEdit(pair, (edit * 7919) % documents, title)
    const bareStored = await bare.pass(title, true)
    const bareRelayed = await bare.pass(title, false)
    if (edit < WARM_UP) continue
    push.push(ours.push)
    pull.push(ours.pull)
    stored.push(bareStored)
    relayed.push(bareRelayed)
  }
  await pair.end()
  await bare.end()
  const total = push.map((value, edit) => value + (pull[edit] as number))
  const disk = Math.max(0, median(stored) - median(relayed))
  const name = `One edit to the other device, of ${documents} documents`
  return [
    ...percentiles(name, 'ours, acknowledged', push),
    ...percentiles(name, 'ours, pulled and stored', pull),
    ...percentiles(name, 'ours, both halves', total),
    ...percentiles(name, 'bare, on the three disks', stored),
    ...percentiles(name, 'bare, without disks', relayed),
    { measure: name, name: 'ours : bare, p50', value: median(total) / median(stored), unit: 'ratio' },
    {
      measure: name,
      name: 'less what the bare disks take',
      value: (median(total) - disk) / median(relayed),
      unit: 'ratio',
      target: 4,
    },
  ]
}

function percentiles(measure: string, name: string, values: readonly number[]): Figure[] {
  return [
    { ...figureOf(measure, `${name}, p50`, values, 'ms'), range: undefined },
    { measure, name: `${name}, p95`, value: quantile(values, 0.95), unit: 'ms' },
  ]
}

interface BarePair {
  pass(text: string, isStored: boolean): Promise<number>
  end(): Promise<void>
}

async function openBarePair(place: Place): Promise<BarePair> {
  const server = place.bareServer()
  const writer = place.bareClient()
  const reader = place.bareClient()
  const url = await server.call('listen', place.newFile())
  await writer.call('open', place.newFile())
  await reader.call('open', place.newFile())
  return {
    async pass(text, isStored) {
      const sent = await writer.call('edit', url, text, isStored)
      return sent + (await reader.call('catchUp', url, isStored))
    },
    async end() {
      for (const process of [writer, reader, server]) await process.end()
    },
  }
}
