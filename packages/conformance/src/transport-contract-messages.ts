import {
  type DeviceId,
  type DocumentState,
  EMPTY_STATE,
  type EpochId,
  NO_NAMES,
  type Operation,
  type Page,
  type PullRequest,
  type PushProblem,
  type PushRequest,
  type Receipt,
  type Refusal,
  type ReplicaId,
  type ServerVersion,
  apply,
} from '@whisker/protocol'

/* One of each message, with something in every field. */

export const SPACE = 'my-stories:1~x'
const EPOCH = 'epoch-one0000000' as EpochId
const EARLIER = 'epoch-zero000000' as EpochId
const ANN = 'Ann0000000000000' as ReplicaId
const BEN = 'ben0000000000000' as ReplicaId
const DEVICE = { id: 'device0000000000000000' as DeviceId, name: 'Дом 🐉 "laptop" \\ \u2028' }
const EPOCHS = [
  { id: EARLIER, began: 0 },
  { id: EPOCH, began: 40 },
]
const TIME_MS = 1_764_000_000_123

const CREATE: Operation = {
  type: 'create',
  collection: 'stories',
  document: 'dragon',
  dot: { replica: ANN, counter: 1 },
  time: 4096,
  base: [],
  keep: NO_NAMES,
  drop: NO_NAMES,
  delta: [
    { root: 'content', path: [], value: { title: 'The Dragon 🐉', tags: ['火', null, true, 1.5, ''], deep: {} } },
  ],
}
const UPDATE: Operation = {
  ...CREATE,
  type: 'update',
  dot: { replica: BEN, counter: 9 },
  time: 2 ** 50,
  base: [{ replica: ANN, counter: 1 }],
  keep: [{ dot: CREATE.dot, root: 'content', path: [] }],
  drop: [{ dot: CREATE.dot, root: 'metadata', path: ['pinned'] }],
  delta: [
    { root: 'content', path: ['tags'], value: undefined },
    { root: 'content', path: ['title'], value: 'e\u0301 \u0000 \\' },
    { root: 'metadata', path: ['pinned'], value: true },
  ],
}
const NOTE: Operation = {
  ...CREATE,
  type: 'metadata_update',
  dot: { replica: ANN, counter: 2 },
  base: [{ replica: ANN, counter: 1 }],
  delta: [{ root: 'metadata', path: ['pinned'], value: false }],
}
const DELETE: Operation = {
  ...CREATE,
  type: 'delete',
  dot: { replica: ANN, counter: 3 },
  base: [
    { replica: ANN, counter: 2 },
    { replica: BEN, counter: 9 },
  ],
  delta: [{ root: 'content', path: [], value: undefined }],
}
const STATE: DocumentState = apply(apply(EMPTY_STATE, CREATE), NOTE)

const titled = (title: string): Operation => ({ ...CREATE, delta: [{ root: 'content', path: [], value: { title } }] })

export const VERSION: ServerVersion = { protocol: 1, epoch: EPOCH, head: 44, timeMs: TIME_MS }

export const PULL: PullRequest = {
  space: SPACE,
  device: DEVICE,
  cursor: { epoch: EPOCH, since: 40, after: 42 },
  seen: 44,
  acknowledged: [
    { replica: ANN, counter: 7 },
    { replica: BEN, counter: Number.MAX_SAFE_INTEGER },
  ],
  limit: 100,
  waitMs: 0,
}

/** Before it was told anything. */
export const FIRST_PULL: PullRequest = {
  ...PULL,
  cursor: { epoch: undefined, since: 0, after: 0 },
  seen: 0,
  acknowledged: [],
}

export const PUSH: PushRequest = {
  space: SPACE,
  device: DEVICE,
  cursor: { epoch: EPOCH, since: 40, after: 40 },
  seen: 44,
  replicas: [
    { replica: ANN, epoch: EPOCH, previous: { counter: 0, check: 0 } },
    { replica: BEN, epoch: undefined, previous: { counter: 8, check: 4_503_599_627_370_495 } },
  ],
  offers: [{ collection: 'stories', document: 'phoenix', state: STATE }],
  entries: [CREATE, UPDATE, NOTE, DELETE, { replica: ANN, from: 4, to: 6 }],
  strategies: { stories: 'auto_merge', drafts: 'keep_both' },
}

export const EMPTY_PUSH: PushRequest = { ...PUSH, offers: [], entries: [], strategies: {} }

/** With one document of this title. */
export const pushOf = (title: string): PushRequest => ({ ...EMPTY_PUSH, entries: [titled(title)] })

export const PAGE: Page = {
  epochs: EPOCHS,
  timeMs: TIME_MS,
  rows: [
    {
      collection: 'stories',
      document: 'zebra',
      seq: 43,
      state: undefined,
      operations: [{ ...DELETE, document: 'zebra' }],
    },
    { collection: 'stories', document: 'dragon', seq: 44, state: STATE, operations: [UPDATE, DELETE] },
    { collection: 'drafts', document: 'ant', seq: 50, state: STATE, operations: [] },
  ],
  since: 40,
  after: 50,
  more: true,
  head: 60,
  collected: 12,
  strategies: { stories: 'manual', drafts: 'last_write_wins' },
}

export const EMPTY_PAGE: Page = { ...PAGE, rows: [], more: false, strategies: {} }

/** With one document of this title. */
export const pageOf = (title: string): Page => ({
  ...EMPTY_PAGE,
  rows: [{ collection: 'stories', document: 'dragon', seq: 1, state: undefined, operations: [titled(title)] }],
})

export const RECEIPT: Receipt = {
  epochs: EPOCHS,
  timeMs: TIME_MS,
  acknowledged: [
    { replica: ANN, counter: 3 },
    { replica: BEN, counter: 9 },
  ],
  from: 44,
  to: 46,
  problem: undefined,
  refusedOffers: [
    { collection: 'stories', document: 'phoenix', reason: { code: 'document_too_large', message: 'Too large. 🐘' } },
  ],
  strategies: { stories: 'auto_merge' },
}

export const PROBLEMS: readonly PushProblem[] = [
  { code: 'operation_rejected', dot: CREATE.dot, reason: { code: 'title_too_long', message: 'At most 80 letters.' } },
  { code: 'missing', dot: CREATE.dot, collection: 'stories', document: 'dragon' },
  { code: 'clock_ahead', dot: CREATE.dot },
  { code: 'space_full', dot: CREATE.dot, message: 'The space is full.' },
  { code: 'replica_forked', replica: BEN, last: { counter: 7, check: 4_503_599_627_370_495 } },
]

export const REFUSAL: Refusal = {
  code: 'resync',
  message: 'Der Server ist älter. 🐉',
  fix: 'Pull again; nothing is lost.',
  reason: 'restored',
  epochs: EPOCHS,
  timeMs: TIME_MS,
  retryAfterMs: 1250,
  replicas: [
    { replica: ANN, counter: 4, check: 9 },
    { replica: BEN, counter: 0, check: 0 },
  ],
  head: 12,
}
