import { median } from '../statistics.ts'
import { type Measure, figureOf, ratios } from './measure.ts'

const SUBSCRIBERS = 500
/** The first ones find cold code and are not counted. */
const WARM_UP = 10

/**
 * One edit to all who are subscribed to its space, which the server reads and encodes once for all of them; against as many
 * readers who each fetch it, for each of whom it is read and encoded.
 */
export const fanOut: Measure = async (place, { edits }) => {
  const server = place.busyServer()
  const url = await server.call('listen', { file: place.newFile(), sockets: 2 * SUBSCRIBERS + 10 })
  const audience = async (space: string, readers: number, isLive: boolean) => {
    const worker = place.audience()
    await worker.call('open', { url, space, readers, isLive })
    return worker
  }
  const one = await audience('one', 1, true)
  const many = await audience('many', SUBSCRIBERS, true)
  const fetching = await audience('fetching', SUBSCRIBERS, false)
  const toOne: number[] = []
  const toMany: number[] = []
  const fetched: number[] = []
  for (let edit = 0; edit < WARM_UP + edits; edit++) {
    const times = [await one.call('tell'), await many.call('tell'), await fetching.call('fetch')] as const
    if (edit < WARM_UP) continue
    toOne.push(times[0])
    toMany.push(times[1])
    fetched.push(times[2])
  }
  for (const worker of [one, many, fetching, server]) {
    await worker.call('close')
    await worker.end()
  }
  // The edit itself, with its disk, is in both.
  const further = toMany.map((value) => Math.max(0, value - median(toOne)) / (SUBSCRIBERS - 1))
  const each = fetched.map((value) => value / SUBSCRIBERS)
  const measure = 'Fan-out of one edit'
  return [
    figureOf(measure, 'to 1 subscriber', toOne, 'ms'),
    figureOf(measure, `to ${SUBSCRIBERS} subscribers`, toMany, 'ms'),
    figureOf(measure, 'a further subscriber', further, 'ms'),
    figureOf(measure, 'a reader who fetches it', each, 'ms'),
    figureOf(measure, `${SUBSCRIBERS} subscribers : 1`, ratios(toMany, toOne), 'ratio'),
    figureOf(measure, 'a further subscriber : one who fetches it', ratios(further, each), 'ratio'),
  ]
}
