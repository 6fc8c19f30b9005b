import { median } from '../statistics.ts'
import { type Measure, figureOf, ratios } from './measure.ts'
import { type Pair, type Passed, openPair, passEdit } from './pair.ts'

const SMALL = 1000
const ROUNDS = 12

/** Whether what one edit costs depends on how many documents there are. Each round edits in both spaces. */
export const growth: Measure = async (place, { growth: large, edits }) => {
  const inSmall = await openPair(place, await place.space(SMALL))
  const inLarge = await openPair(place, await place.space(large))
  const few: Passed[] = []
  const many: Passed[] = []
  const editsOfRound = Math.ceil(edits / (2 * ROUNDS))
  for (let round = 0; round <= ROUNDS; round++) {
    const titles = Array.from({ length: editsOfRound }, (_, edit) => `Round ${round}, edit ${edit}`)
    const ofFew = await passSome(inSmall, titles)
    const ofMany = await passSome(inLarge, titles)
    // The first round finds cold code.
    if (round === 0) continue
    few.push(ofFew)
    many.push(ofMany)
  }
  await inSmall.end()
  await inLarge.end()
  const name = `Growth from ${SMALL} to ${large} documents`
  return [
    figureOf(name, 'an edit in the small space', halves(few, 'push'), 'ms'),
    figureOf(name, 'an edit in the large space', halves(many, 'push'), 'ms'),
    figureOf(name, 'edit, large : small', ratios(halves(many, 'push'), halves(few, 'push')), 'ratio', 1.5),
    figureOf(name, 'a catch-up in the small space', halves(few, 'pull'), 'ms'),
    figureOf(name, 'a catch-up in the large space', halves(many, 'pull'), 'ms'),
    figureOf(name, 'catch-up, large : small', ratios(halves(many, 'pull'), halves(few, 'pull')), 'ratio', 1.5),
  ]
}

const halves = (passed: readonly Passed[], half: keyof Passed): number[] => passed.map((one) => one[half])

async function passSome(pair: Pair, titles: readonly string[]): Promise<Passed> {
  const passed: Passed[] = []
  for (const [index, title] of titles.entries()) passed.push(await passEdit(pair, index, title))
  return { push: median(passed.map(({ push }) => push)), pull: median(passed.map(({ pull }) => pull)) }
}
