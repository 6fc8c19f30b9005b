import {
  type DeviceId,
  type EpochId,
  type Operation,
  type Page,
  type PullRequest,
  type PushRequest,
  type Receipt,
  type Refusal,
  type ReplicaId,
  type ServerVersion,
  EMPTY_VERSION,
  NO_NAMES,
} from '@whisker/protocol'

const EPOCH = 'E'.repeat(16) as EpochId
const REPLICA = 'R'.repeat(16) as ReplicaId
const DEVICE = { id: 'D'.repeat(22) as DeviceId, name: 'My laptop' }

export const OPERATION: Operation = {
  type: 'create',
  collection: 'stories',
  document: 'dragon',
  dot: { replica: REPLICA, counter: 1 },
  time: 4096,
  base: EMPTY_VERSION,
  keep: NO_NAMES,
  drop: NO_NAMES,
  delta: [{ root: 'content', path: [], value: { title: 'The Dragon 🐉' } }],
}

export const PULL: PullRequest = {
  space: 'my-stories:1~x',
  device: DEVICE,
  cursor: { epoch: EPOCH, since: 3, after: 4 },
  seen: 5,
  acknowledged: [{ replica: REPLICA, counter: 7 }],
  limit: 100,
  waitMs: 0,
}

export const PUSH: PushRequest = {
  space: 'my-stories:1~x',
  device: DEVICE,
  cursor: { epoch: EPOCH, since: 3, after: 3 },
  seen: 3,
  replicas: [{ replica: REPLICA, epoch: EPOCH, previous: { counter: 0, check: 0 } }],
  offers: [],
  entries: [OPERATION],
  strategies: { stories: 'auto_merge' },
}

export const PAGE: Page = {
  epochs: [{ id: EPOCH, began: 0 }],
  timeMs: 1_700_000_000_000,
  rows: [{ collection: 'stories', document: 'dragon', seq: 4, state: undefined, operations: [OPERATION] }],
  since: 4,
  after: 4,
  more: false,
  head: 4,
  collected: 0,
  strategies: {},
}

export const RECEIPT: Receipt = {
  epochs: [{ id: EPOCH, began: 0 }],
  timeMs: 1_700_000_000_000,
  acknowledged: [{ replica: REPLICA, counter: 1 }],
  from: 3,
  to: 4,
  problem: undefined,
  refusedOffers: [],
  strategies: {},
}

export const VERSION: ServerVersion = { protocol: 1, epoch: EPOCH, head: 4, timeMs: 1_700_000_000_000 }

export const REFUSAL: Refusal = {
  code: 'rate_limited',
  message: 'Too many requests.',
  fix: 'Wait a moment.',
  reason: undefined,
  epochs: [{ id: EPOCH, began: 0 }],
  timeMs: 1_700_000_000_000,
  retryAfterMs: undefined,
  head: undefined,
  replicas: [{ replica: REPLICA, counter: 4, check: 9 }],
}
