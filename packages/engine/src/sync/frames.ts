import type { LiveFrame } from '@whisker/protocol'
import type { Core } from '../core.ts'
import { adoptPage, showsUnsettled } from '../ledger/answers.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isMismatch } from '../ledger/repair.ts'
import type { LiveFeed } from './live-feed.ts'
import { commit } from './round.ts'

/** What a frame is to this store: the next thing to know, something known, or a hint that only a pull tells it all. */
export type FrameMeaning = 'next' | 'old' | 'hint'

export function meaningOf(ledger: Ledger, frame: LiveFrame): FrameMeaning {
  const { cursor, seen, wantsOwn } = ledger.link
  if ((frame.epochs.at(-1)?.id ?? cursor.epoch) !== cursor.epoch) return 'hint'
  if (frame.since <= cursor.since) return 'old'
  const isNext = frame.from === cursor.since && frame.from === cursor.after
  // Its states would take back what receipts have confirmed since it was made.
  const isFresh = frame.since === frame.after && !frame.more && frame.head >= seen
  // It leaves out what the server has acknowledged, though that may not have been heard here: whatever stands on it
  // must not come first. A scan from the start and offers have rules of their own.
  const isSettled = !wantsOwn && ledger.offered.size === 0 && !ledger.outbox.first?.handed
  return isNext && isFresh && isSettled && !showsUnsettled(ledger, frame) ? 'next' : 'hint'
}

/**
 * Adopts the frames that wait, as far as they follow one on another: what waits at once is one transaction. Returns
 * whether something is left that a pull has to bring.
 */
export async function takeFrames(core: Core, feed: LiveFeed): Promise<boolean> {
  let isBehind = false
  for (let frames = feed.take(); frames.length > 0; frames = feed.take()) {
    // Whoever leads now has frames of its own.
    if (!core.ledger.isLeader) return true
    const meanings = frames.map((frame) => adoptFrame(core, feed, frame))
    isBehind ||= meanings.includes('hint')
    if (!meanings.includes('next')) continue
    isBehind ||= frames.slice(-1).some((last) => isMismatch(core.ledger, last, core.options.clock.now()))
    await commit({ core })
  }
  return isBehind
}

function adoptFrame({ ledger, options }: Core, feed: LiveFeed, frame: LiveFrame): FrameMeaning {
  const meaning = feed.isCaughtUp ? meaningOf(ledger, frame) : 'hint'
  const nowMs = options.clock.now()
  // A frame may have waited before it was read: it does not tell what time it is.
  if (meaning === 'next') adoptPage(ledger, { ...frame, timeMs: nowMs + ledger.link.clockOffsetMs }, nowMs)
  return meaning
}
