import type { SyncErrorCode } from '@whisker/protocol'
import { Counter, Gauge, Histogram, LabelledCounter } from './metrics.ts'

/** What a server counts. Each is told from its start on, and begins anew with the next. */
export interface ServerMetrics {
  readonly pushes: Counter
  readonly pulls: Counter
  readonly operations: Counter
  readonly rejections: LabelledCounter<RejectionCode>
  readonly forks: Counter
  readonly bytesReceived: Counter
  readonly bytesSent: Counter
  readonly commits: Histogram
  readonly slowReaders: LabelledCounter<SlowReader>
  text(): string
}

/** What is there at the moment. */
export interface Present {
  readonly sockets: () => number
  readonly subscriptions: () => number
}

/** A reader before whom too much waits gets hints in place of frames; if they let far too much wait, nothing. */
type SlowReader = 'hinted' | 'dropped'

/** Why requests are refused and pushes stop; what is not here is counted as `other`. */
const REJECTION_CODES: readonly SyncErrorCode[] = [
  'bad_message',
  'bad_request',
  'unsupported_version',
  'needs_auth',
  'forbidden',
  'wrong_principal',
  'resync',
  'new_epoch',
  'replica_forked',
  'missing',
  'clock_ahead',
  'operation_rejected',
  'too_large',
  'rate_limited',
  'timeout',
  'unavailable',
  'space_full',
  'disk_full',
  'server_error',
]
type RejectionCode = SyncErrorCode | 'other'

const COMMIT_BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

export function createServerMetrics({ sockets, subscriptions }: Present): ServerMetrics {
  const all = {
    pushes: new Counter('whisker_pushes_total', 'Pushes that came, refused ones too.'),
    pulls: new Counter('whisker_pulls_total', 'Pulls that came, refused ones too.'),
    operations: new Counter('whisker_operations_total', 'Changes that were stored.'),
    rejections: new LabelledCounter<RejectionCode>(
      'whisker_rejections_total',
      'Requests, subscriptions and sockets that were refused, and pushes that stopped, by the code.',
      'code',
      [...REJECTION_CODES, 'other'],
    ),
    forks: new Counter('whisker_forks_total', 'Pushes of a replica whose history is another one here.'),
    socketsOpen: new Gauge('whisker_sockets_open', 'Sockets that are open.', sockets),
    subscriptionsOpen: new Gauge('whisker_subscriptions_open', 'Subscriptions that are open.', subscriptions),
    bytesReceived: new Counter('whisker_received_bytes_total', 'Bytes of bodies over HTTP, and of sockets.'),
    bytesSent: new Counter('whisker_sent_bytes_total', 'Bytes of answers over HTTP, and of messages on sockets.'),
    commits: new Histogram('whisker_commit_seconds', 'From a push that is let in to its commit.', COMMIT_BOUNDS_MS),
    slowReaders: new LabelledCounter<SlowReader>(
      'whisker_slow_readers_total',
      'Readers that were too slow: told to pull, or let go.',
      'outcome',
      ['hinted', 'dropped'],
    ),
  }
  return {
    ...all,
    text: () =>
      Object.values(all)
        .map((metric) => metric.text())
        .join(''),
  }
}

/** Counts with what a request, a subscription or a socket was refused, if it was. */
export function countRejection({ rejections, forks }: ServerMetrics, code: string | undefined): void {
  if (code === undefined) return
  rejections.add(REJECTION_CODES.find((known) => known === code) ?? 'other')
  if (code === 'replica_forked') forks.add()
}
