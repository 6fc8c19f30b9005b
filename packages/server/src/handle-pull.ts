import type { Clock, Limits, PullRequest, SyncStore } from '@whisker/protocol'
import { admitReader } from './admit-reader.ts'
import type { Collector } from './collector.ts'
import { isNoteworthy, noteSeen } from './note-seen.ts'
import type { Notifier } from './notifier.ts'
import { currentEpoch } from './position.ts'
import type { AskRights } from './rights.ts'
import type { Principal } from './principal.ts'
import { takePull } from './take-pull.ts'

/** The longest that a pull is held while there is nothing new. */
export const MOST_WAIT_MS = 25_000

export interface PullServices extends AskRights {
  readonly store: SyncStore
  readonly clock: Clock
  readonly limits: Limits
  readonly notifier: Notifier
  readonly collector: Collector
  /** Whether the server is closing: then nothing is held back any longer. */
  isClosing(): boolean
}

export interface PulledPage {
  readonly text: string
  readonly rowCount: number
}

/** Answers a pull, at once if there is anything new, else when there is or the time is over. */
export async function handlePull(
  request: PullRequest,
  principal: Principal,
  signal: AbortSignal | undefined,
  services: PullServices,
): Promise<PulledPage> {
  const { clock, notifier } = services
  if (request.recount) await recount(request, principal, services)
  const untilMs = clock.now() + Math.min(request.waitMs, MOST_WAIT_MS)
  for (;;) {
    // Listens before it reads, so that no change falls between.
    const change = waitForChange(request.space, untilMs - clock.now(), signal, notifier, clock)
    try {
      const { page, isNews } = await readPage(request, principal, services)
      if (isNews || change.isOver() || services.isClosing()) return page
      await change.promise
    } finally {
      change.cancel()
    }
    // What was allowed when it came may not be any more.
    await services.allow(principal, request.space, 'read')
  }
}

/** Nothing is counted for somebody who is refused. */
async function recount(request: PullRequest, principal: Principal, services: PullServices): Promise<void> {
  const { store, clock, collector } = services
  await store.read(request.space, (reader) => admitReader(reader, request, principal, clock.now()))
  await collector.recount(request.space)
}

async function readPage(
  request: PullRequest,
  principal: Principal,
  services: PullServices,
): Promise<{ readonly page: PulledPage; readonly isNews: boolean }> {
  const { store, clock, limits, collector } = services
  const nowMs = clock.now()
  const { page, isNews, exists, isToNote } = await store.read(request.space, async (reader) => {
    const { space, replicas } = await admitReader(reader, request, principal, nowMs)
    const taken = await takePull(reader, request, space, limits, nowMs)
    return {
      page: taken,
      isNews:
        taken.plan.more || taken.plan.since !== request.cursor.since || request.cursor.epoch !== currentEpoch(space),
      exists: space.exists,
      isToNote: isNoteworthy(request, space, replicas, nowMs),
    }
  })
  // A note that cannot be taken, on a full disk perhaps, is no reason not to answer.
  if (isToNote) await noteSeen(request, principal, nowMs, store).catch(() => undefined)
  if (exists) collector.visit(request.space)
  return { page, isNews }
}

interface Change {
  readonly promise: Promise<void>
  isOver(): boolean
  cancel(): void
}

function waitForChange(
  space: string,
  waitMs: number,
  signal: AbortSignal | undefined,
  notifier: Notifier,
  clock: Clock,
): Change {
  let isOver = waitMs <= 0 || signal?.aborted === true
  const { promise, resolve } = Promise.withResolvers<void>()
  if (isOver) return { promise, isOver: () => isOver, cancel: () => undefined }
  const end = (): void => {
    isOver = true
    resolve()
  }
  const forget = notifier.wait(space, resolve)
  const stopClock = clock.after(waitMs, end)
  signal?.addEventListener('abort', end)
  return {
    promise,
    isOver: () => isOver,
    cancel() {
      forget()
      stopClock()
      signal?.removeEventListener('abort', end)
    },
  }
}
