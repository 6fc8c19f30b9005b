import type { Mutant } from './mutant.ts'

const ANSWERS = 'packages/engine/src/ledger/answers.ts'
const REPAIR = 'packages/engine/src/ledger/repair.ts'
const PUSH = 'packages/engine/src/ledger/push.ts'
const SCAN = 'packages/engine/src/ledger/scan.ts'
const PULL_PHASE = 'packages/engine/src/sync/pull-phase.ts'
const PUSH_PHASE = 'packages/engine/src/sync/push-phase.ts'
const FRAMES = 'packages/engine/src/sync/frames.ts'
const LOOP = 'packages/engine/src/sync/sync-loop.ts'

/** Mistakes in how a device takes in what the server answers. */
export const CLIENT_SYNC_MUTANTS: readonly Mutant[] = [
  {
    name: 'cursor_before_apply',
    row: 1,
    about: "The cursor is committed before the page's documents are.",
    edits: [
      {
        file: PULL_PHASE,
        find: '      adoptPage(core.ledger, page, nowMs())\n',
        replace:
          '      const { cursor } = core.ledger.link\n      core.ledger.setLink({ cursor: { ...cursor, since: page.since, after: page.after } })\n      await commit(round)\n      adoptPage(core.ledger, page, nowMs())\n',
      },
    ],
  },
  {
    name: 'cursor_moves_with_any_receipt',
    row: 1,
    about: 'A receipt moves the cursor wherever that stood, over what others wrote in between.',
    edits: [
      {
        file: ANSWERS,
        find: 'if (receipt.from !== undefined && cursor.since === receipt.from && cursor.after === receipt.from) {',
        replace: 'if (receipt.from !== undefined && cursor.since === cursor.after) {',
      },
    ],
  },
  {
    name: 'rows_of_pending_skipped',
    row: 2,
    about: 'A row whose document has something pending is put off, and the cursor moves on.',
    edits: [
      {
        file: ANSWERS,
        find: '  for (const row of page.rows) adoptRow(ledger, row)\n',
        replace:
          '  const isFree = (row: PageRow): boolean => !ledger.find(row.collection, row.document)?.pending.length\n  for (const row of page.rows) if (isFree(row)) adoptRow(ledger, row)\n',
      },
    ],
  },
  {
    name: 'each_page_ends_the_scan',
    row: 33,
    about: 'What the first page of a scan did not show is dropped before the others have come.',
    edits: [{ file: ANSWERS, find: '  if (page.more) return\n  endScan', replace: '  endScan' }],
  },
  {
    name: 'own_operations_in_pages_trusted',
    row: 13,
    about: 'A page that shows more of this device than was acknowledged is applied without asking what became of it.',
    edits: [
      {
        file: PULL_PHASE,
        find: 'if (showsUnsettled(core.ledger, page)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'cached_page_taken',
    row: 16,
    about: 'A page that answers another request is taken for an answer to this one.',
    edits: [
      { file: PULL_PHASE, find: '  if (nonce !== asked.nonce) {', replace: '  if (false) {' },
      { file: PULL_PHASE, find: '  if (head >= seen) return\n', replace: '  return\n' },
    ],
  },
  {
    name: 'receipt_takes_the_whole_batch',
    row: 56,
    about: 'A receipt clears all that was sent, whatever it says was taken.',
    edits: [
      {
        file: ANSWERS,
        find: '  const items = push.items.filter(({ entry }) => lastCounterOf(entry) <= (taken.get(replicaOf(entry)) ?? 0))',
        replace: '  const items = push.items.filter(({ entry }) => taken.has(replicaOf(entry)))',
      },
    ],
  },
  {
    name: 'acknowledged_sent_again',
    row: 57,
    about: 'What was acknowledged stays in the outbox, and is sent again.',
    edits: [{ file: ANSWERS, find: '    ledger.removeItem(position)\n', replace: '' }],
  },
  {
    name: 'offers_not_marked',
    row: 12,
    about: 'After the server lost something, what only this device has is not offered.',
    edits: [
      {
        file: 'packages/engine/src/ledger/rewind.ts',
        find: '    ledger.setOffered(document, true)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'offers_unmarked_when_sent',
    row: 54,
    about: 'A document counts as offered once the offer was sent, though its answer may get lost.',
    edits: [
      {
        file: PUSH,
        find: '  for (const item of items) item.handed = true\n',
        replace:
          '  for (const item of items) item.handed = true\n  for (const document of offered) ledger.setOffered(document, false)\n',
      },
    ],
  },
  {
    name: 'page_replaces_offered',
    row: 12,
    about: "A restored server's older state takes the place of the one that is about to be offered to it.",
    edits: [
      { file: ANSWERS, find: '  return offered ? join(confirmed, state) : state', replace: '  return state' },
      { file: REPAIR, find: '  return join(document.confirmed, theirs)', replace: '  return theirs' },
    ],
  },
  {
    name: 'reissue_leaves_bases',
    row: 21,
    about: 'Operations get new names, and what later ones say they have seen keeps the old ones.',
    edits: [
      {
        file: 'packages/engine/src/ledger/reissue.ts',
        find: '{ ...entry, ...renameIn(entry, document, renames.list), dot }',
        replace: '{ ...entry, dot }',
      },
    ],
  },
  {
    name: 'reissue_takes_new_times',
    row: 57,
    about:
      'An operation that is issued again gets a new time, so that nobody can tell it is the one that was sent before.',
    edits: [
      {
        file: 'packages/engine/src/ledger/reissue.ts',
        find: 'renames.list), dot }',
        replace: 'renames.list), dot, time: ledger.nextTime(0) }',
      },
    ],
  },
  {
    name: 'poison_blocks_the_queue',
    row: 58,
    about: 'An operation that the server refuses stays at the head of the queue.',
    edits: [
      {
        file: PUSH_PHASE,
        find: '      putAside(round, problem.dot, problem.reason)\n      return true',
        replace: '      return false',
      },
    ],
  },
  {
    name: 'refused_content_dropped',
    row: 36,
    about: 'What the server refused is gone, and its author is not told.',
    edits: [
      {
        file: 'packages/engine/src/ledger/quarantine.ts',
        find: '  for (const one of rejected) ledger.setRejected(one)\n  for (const one of removed)',
        replace: '  for (const one of removed)',
      },
    ],
  },
  {
    name: 'too_large_not_split',
    row: 58,
    about: 'A push that is too large is tried again as it is.',
    edits: [
      {
        file: 'packages/engine/src/sync/refusals.ts',
        find: "      return { kind: 'split' }",
        replace: "      return { kind: 'retry' }",
      },
    ],
  },
  {
    name: 'fast_clock_stops_sync',
    row: 24,
    about: 'A device whose clock is ahead fails with each push, and does not set its times right.',
    edits: [
      {
        file: PUSH_PHASE,
        find: '      fallBack(core.ledger, nowMs())\n      return true',
        replace: '      return false',
      },
    ],
  },
  {
    name: 'retry_not_armed',
    row: 64,
    about: 'After a failed round nothing plans the next one.',
    edits: [
      {
        file: LOOP,
        find: '    this.#running = undefined\n    this.#plan()',
        replace: '    this.#running = undefined\n    if (!this.lastError) this.#plan()',
      },
    ],
  },
  {
    name: 'refused_token_ends_retries',
    row: 64,
    about: 'After a token was refused nothing is tried again.',
    edits: [
      {
        file: LOOP,
        find: '    } else if (this.nextRetryAt !== undefined) {',
        replace:
          "    } else if (this.lastError?.code === 'needs_auth') {\n      this.#unplan()\n    } else if (this.nextRetryAt !== undefined) {",
      },
    ],
  },
  {
    name: 'synced_before_it_is_sent',
    row: 59,
    about: 'Syncing is said to be complete by a round that began earlier, while something waits to be sent.',
    edits: [
      {
        file: LOOP,
        find: 'this.#waiters.synced(this.#rounds, () => this.#core.ledger.outbox.size === 0, signal)',
        replace: 'this.#waiters.synced(this.#rounds - 1, () => true, signal)',
      },
    ],
  },
  {
    name: 'no_poll',
    row: 61,
    about: 'A device without a live connection never looks for what others wrote.',
    edits: [
      {
        file: 'packages/engine/src/sync-engine.ts',
        find: 'pollMs: options.pollMs ?? 10_000',
        replace: 'pollMs: Infinity',
      },
    ],
  },
  {
    name: 'listens_without_catching_up',
    row: 11,
    about: 'Once it listens a device relies on what it is told, and does not ask for what changed since its last pull.',
    edits: [
      {
        file: 'packages/engine/src/sync/sync-loop.ts',
        find: '    if (isConnected) this.#wakeUp()\n',
        replace: '    if (isConnected) {\n      this.#plannedMs = undefined\n      this.#soon(LIVE_MS)\n    }\n',
      },
    ],
  },
  {
    name: 'hints_ignored',
    row: 62,
    about: 'Frames are taken for all there is: one that does not follow on what is here brings no pull.',
    edits: [{ file: LOOP, find: '  #onHint(): void {\n', replace: '  #onHint(): void {\n    return\n' }],
  },
  {
    name: 'frame_after_a_gap',
    row: 11,
    about: 'A frame is adopted though something before it never came.',
    edits: [
      {
        file: FRAMES,
        find: 'const isNext = frame.from === cursor.since && frame.from === cursor.after',
        replace: 'const isNext = frame.from >= cursor.since && cursor.since === cursor.after',
      },
    ],
  },
  {
    name: 'frame_overtakes_receipt',
    row: 53,
    about: 'A frame is adopted before the receipt of the own push that it leaves out.',
    edits: [
      { file: FRAMES, find: ' && !ledger.outbox.first?.handed', replace: '' },
      {
        file: 'packages/server/src/live-subscription.ts',
        find: '    await subscriber.own.answered()\n',
        replace: '',
      },
    ],
  },
  {
    name: 'expired_keeps_what_is_gone',
    row: 31,
    about: 'A device that was away too long keeps what was deleted meanwhile.',
    edits: [
      {
        file: SCAN,
        find: '    else if (isMissing || isCollected(document, collected)) remove(ledger, document)',
        replace: '    else if (isCollected(document, collected)) remove(ledger, document)',
      },
    ],
  },
  {
    name: 'difference_not_repaired',
    row: 37,
    about: "That the device holds something else than the server's digest says is never acted on.",
    edits: [
      {
        file: REPAIR,
        find: '  return lacksRows || (isDue && !sameDigest(ledger.digest, digest))',
        replace: '  return false',
      },
    ],
  },
]
