/** One document of the workload: a passage of an interactive story, about 400 bytes of JSON. */
export interface Passage {
  readonly title: string
  readonly text: string
  readonly author: string
  readonly tags: readonly string[]
  readonly links: readonly string[]
  readonly chapter: number
  readonly position: { readonly x: number; readonly y: number }
  readonly draft: boolean
}

export const COLLECTION = 'passages'

export const idOf = (index: number): string => `passage-${String(index).padStart(6, '0')}`

/** The same documents in every process and every run. */
export function passage(index: number): Passage {
  const random = seeded(index)
  const pick = (most: number): number => Math.floor(random() * most)
  const words = (count: number): string => Array.from({ length: count }, () => WORDS[pick(WORDS.length)]).join(' ')
  return {
    title: words(3),
    text: words(28 + pick(16)),
    author: words(1),
    tags: Array.from({ length: 1 + pick(3) }, () => words(1)),
    links: Array.from({ length: pick(3) }, () => idOf(pick(100_000))),
    chapter: pick(40),
    position: { x: pick(4000), y: pick(4000) },
    draft: pick(2) === 1,
  }
}

export const passages = (count: number): Passage[] => Array.from({ length: count }, (_, index) => passage(index))

export const textsOf = (count: number): string[] => passages(count).map((one) => JSON.stringify(one))

/** Mulberry32, each index a sequence of its own. */
function seeded(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const WORDS = `river harbour lantern ferry morning winter captain letter window garden silver candle bridge market
  thunder island mirror shadow kettle orchard village mountain stranger quiet hollow copper paper engine signal
  forest meadow ocean violet amber crimson whisper promise secret journey answer question evening dragon castle
  the a of and to in with from under over behind before after never always perhaps suddenly slowly again once
  takes opens finds leaves keeps follows remembers forgets believes crosses carries listens waits returns begins
  old small bright dark heavy gentle broken hidden golden empty distant narrow ancient curious patient restless`.split(
  /\s+/,
)
