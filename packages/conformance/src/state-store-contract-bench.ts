import type { DeviceId, SpaceStore, StateStore, StoreCommit, StoredSpace } from '@whisker/protocol'
import type { Behaviour, Disposable } from './behaviour.ts'

/** A new, empty place in which stores keep their rows. */
export interface StatePlace extends Disposable {
  /** A store over this place: another object each time, if several can share what they keep. */
  store(): StateStore
  /** How long `watch` may take to tell of a commit, in milliseconds; 10 seconds if it is left out. */
  readonly noticeMs?: number
}

/** A promise that every `StateStore` keeps. */
export type StateStoreBehaviour = Behaviour<StatePlace>

/** What a behaviour works at. */
export interface Bench {
  /** Opens a space, "stories" if not told otherwise, through a store of its own where the place has several. */
  readonly open: (space?: string, mint?: () => DeviceId) => Promise<SpaceStore>
  /** Closes one opening, then opens the space again. */
  readonly reopen: (space: SpaceStore) => Promise<SpaceStore>
  /** Begins to watch. */
  readonly hearing: (space: SpaceStore) => Hearing
}
export interface Hearing {
  readonly calls: number
  /** Resolves once the watch has told of something; rejects if it takes too long. */
  heard(): Promise<void>
  stop(): void
}

/** A behaviour that works at a bench. */
export interface BenchBehaviour {
  readonly title: string
  readonly check: (bench: Bench) => Promise<void>
}

/** Runs at a bench over the place; every opening is closed after it. */
export const onBench = ({ title, check }: BenchBehaviour): StateStoreBehaviour => ({
  title,
  async run(place) {
    const openings: SpaceStore[] = []
    const open: Bench['open'] = async (space = 'stories', mint = mintA) => {
      const opened = await place.store().open(space, mint)
      openings.push(opened)
      return opened
    }
    const reopen: Bench['reopen'] = async (space) => {
      await space.close()
      return open()
    }
    try {
      await check({ open, reopen, hearing: (space) => hearingOf(space, place.noticeMs ?? 10_000) })
    } finally {
      for (const opening of openings) await opening.close()
    }
  },
})

function hearingOf(space: SpaceStore, noticeMs: number): Hearing {
  let calls = 0
  let tell: (() => void) | undefined
  const stop = space.watch(() => {
    calls++
    tell?.()
  })
  return {
    get calls() {
      return calls
    },
    async heard() {
      if (calls > 0) return
      await new Promise<void>((resolve, reject) => {
        const tooLate = new Error(`Expected the watch to tell of a commit within ${noticeMs} ms; it told nothing.`)
        const timer = setTimeout(reject, noticeMs, tooLate)
        tell = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    stop,
  }
}

export const mintA = (): DeviceId => 'A'.repeat(22) as DeviceId
export const mintB = (): DeviceId => 'B'.repeat(22) as DeviceId

export const commitOf = (revision: number, rows: Partial<StoreCommit> = {}): StoreCommit => ({
  records: [],
  documents: [],
  outbox: [],
  rejected: [],
  ...rows,
  revision,
})

export const NO_ROWS: Omit<StoredSpace, 'revision'> = {
  records: [],
  documents: [],
  outbox: [],
  rejected: [],
}

export const ONE_OF_EACH: Omit<StoredSpace, 'revision'> = {
  records: [['slot', 'one']],
  documents: [['stories', 'dragon', '{"title":"The Dragon"}']],
  outbox: [[1, 'first']],
  rejected: [['a:1', 'refused']],
}

/** As many rows in each table, all with the same text: rows of two commits beside each other would show. */
export const rowsWith = (text: string, count: number): Omit<StoreCommit, 'revision'> => {
  const indexes = Array.from({ length: count }, (_, index) => index)
  return {
    records: indexes.map((index) => [`r${index}`, text]),
    documents: indexes.map((index) => ['c', `d${index}`, text]),
    outbox: indexes.map((index) => [index, text]),
    rejected: indexes.map((index) => [`x${index}`, text]),
  }
}

export const textsOf = (stored: StoredSpace): readonly string[] => [
  ...stored.records.map(([, text]) => text),
  ...stored.documents.map(([, , text]) => text),
  ...stored.outbox.map(([, text]) => text),
  ...stored.rejected.map(([, text]) => text),
]

type Tables = Pick<StoreCommit, 'records' | 'documents' | 'outbox' | 'rejected'>

/** In an order of its own for each table but the outbox, which has one already. */
export const sorted = <Rows extends Tables>(rows: Rows): Rows => ({
  ...rows,
  records: rows.records.toSorted(byText),
  documents: rows.documents.toSorted(byText),
  rejected: rows.rejected.toSorted(byText),
})
const byText = (a: readonly unknown[], b: readonly unknown[]): number =>
  JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
export const loaded = async (space: SpaceStore): Promise<StoredSpace> => sorted(await space.load())

/** The code of what a promise was rejected with; undefined if it was kept. */
export const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (thrown: { readonly code?: unknown }) => thrown.code ?? thrown,
  )
