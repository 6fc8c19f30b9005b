import { gzipSync } from 'node:zlib'
import type { Figure, Unit } from '../figures.ts'
import { textsOf } from '../workload.ts'
import { type Measure, figureOf } from './measure.ts'
import { openPair, passEdit } from './pair.ts'

const EDITS = 20
const NAME = 'Bytes'

/** Bodies, unpacked unless it says so: what the encoding costs, whatever the transport does with it. */
export const bytes: Measure = async (place, { documents }) => {
  const pair = await openPair(place, await place.space(documents), true)
  const first = await pair.reader.call('takeTraffic')
  await pair.writer.call('takeTraffic')
  const pushed = []
  const pulled = []
  for (let edit = 0; edit < EDITS; edit++) {
    await passEdit(pair, (edit * 7919) % documents, `The ${edit}th ferry at dawn`)
    pushed.push(await pair.writer.call('takeTraffic'))
    pulled.push(await pair.reader.call('takeTraffic'))
  }
  await pair.end()
  const sent = pushed.map((traffic) => traffic.sent)
  const received = pulled.map((traffic) => traffic.received)
  const answers = pushed.map((traffic) => traffic.received)
  const targets = pulled.map((traffic) => traffic.targets)
  const texts = textsOf(documents)
  const json = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const packed = gzipSync(texts.join('\n')).byteLength
  return [
    ofEdits('one edit up: the push', sent, 110),
    ofEdits('one edit down: the page', received, 110),
    ofEdits('beside it: answers to the one who wrote', answers),
    ofEdits('beside it: path and parameters of the pull', targets),
    ofAll('one document, its JSON', json / documents, 'bytes'),
    ofAll('one document of the first download', first.received / documents, 'bytes'),
    ofAll("first download : documents' JSON", first.received / json, 'ratio', 1.15),
    ofAll("first download, packed : documents' JSON", first.receivedPacked / json, 'ratio', 0.35),
    ofAll("documents' JSON, packed : unpacked", packed / json, 'ratio'),
  ]
}

const ofEdits = (name: string, values: readonly number[], target?: number): Figure =>
  figureOf(NAME, name, values, 'bytes', target)

const ofAll = (name: string, value: number, unit: Unit, target?: number): Figure => ({
  measure: NAME,
  name,
  value,
  unit,
  target,
})
