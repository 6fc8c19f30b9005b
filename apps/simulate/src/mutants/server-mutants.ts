import type { Mutant } from './mutant.ts'

const TAKE_PULL = 'packages/server/src/take-pull.ts'
const PUSH_WORK = 'packages/server/src/push-work.ts'
const HANDLE_PUSH = 'packages/server/src/handle-push.ts'
const HANDLE_PULL = 'packages/server/src/handle-pull.ts'
const DRAFT = 'packages/server/src/document-draft.ts'
const COLLECT = 'packages/server/src/collect-tombstones.ts'
const POSITION = 'packages/server/src/position.ts'

/** Mistakes in the server. */
export const SERVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'ack_before_commit',
    row: 56,
    about: 'The receipt is sent while the transaction that it promises is still under way.',
    edits: [
      {
        file: HANDLE_PUSH,
        find: '    const result = await store.write(request.space, async (transaction) => {',
        replace:
          '    const early = Promise.withResolvers<{ outcome: ReturnType<typeof takePush>; head: number } | undefined>()\n    const written = store.write(request.space, async (transaction) => {',
      },
      {
        file: HANDLE_PUSH,
        find: '        taking?.(request.device.id, outcome.receipt.acknowledged)\n',
        replace:
          '        taking?.(request.device.id, outcome.receipt.acknowledged)\n        early.resolve({ outcome, head })\n',
      },
      {
        file: HANDLE_PUSH,
        find: '    if (!result) continue\n',
        replace:
          '    written.then(early.resolve, early.reject)\n    const result = await early.promise\n    if (!result) continue\n',
      },
    ],
  },
  {
    name: 'ack_before_group_commit',
    row: 56,
    about: 'A write of several that share a commit is over before the commit is.',
    edits: [
      {
        file: 'packages/server/src/group-commit.ts',
        find: '      for (const job of jobs) settle.push(await this.#runOne(job))',
        replace: '      for (const job of jobs) (await this.#runOne(job))()',
      },
    ],
  },
  {
    name: 'sequence_read_without_its_lock',
    row: 5,
    about: 'The head that a push counts on from was read before its transaction.',
    edits: [
      {
        file: HANDLE_PUSH,
        find: '    const result = await store.write(',
        replace:
          '    const space = await store.read(request.space, (reader) => reader.space())\n    const result = await store.write(',
      },
      {
        file: HANDLE_PUSH,
        find: '      const outcome = takePush(push, loaded, {',
        replace: '      const outcome = takePush(push, { ...loaded, space }, {',
      },
    ],
  },
  {
    name: 'since_moves_on_every_page',
    row: 8,
    about: 'A page that is not the last moves the point up to which everything is held.',
    edits: [
      {
        file: TAKE_PULL,
        find: '  if (following.length > request.limit) return { rows, since, after, more: true }',
        replace: '  if (following.length > request.limit) return { rows, since: after, after, more: true }',
      },
    ],
  },
  {
    name: 'rows_and_head_of_two_moments',
    row: 9,
    about: 'The head of a page is read later than its rows.',
    edits: [
      {
        file: HANDLE_PULL,
        find: '  const { page, isNews, exists, isToNote } = await store.read(',
        replace:
          '  const from = Math.max(request.cursor.since, request.cursor.after)\n  const early = await store.read(request.space, (reader) => reader.changedAfter(from, request.limit + 1))\n  const { page, isNews, exists, isToNote } = await store.read(',
      },
      {
        file: HANDLE_PULL,
        find: '    const taken = await takePull(reader, request,',
        replace: '    const taken = await takePull({ ...reader, changedAfter: async () => early }, request,',
      },
    ],
  },
  {
    name: 'own_rows_left_out_unheard',
    row: 13,
    about: 'A client is not sent what it wrote, whether or not it knows that the server has it.',
    edits: [
      {
        file: TAKE_PULL,
        find: 'replica === dot.replica && dot.counter <= counter)',
        replace: 'replica === dot.replica)',
      },
    ],
  },
  {
    name: 'state_without_its_tail',
    row: 37,
    about: 'A row that is sent as a state lacks the operations after that state.',
    edits: [
      {
        file: TAKE_PULL,
        find: 'after: withState ? row.tailStart : since })',
        replace: 'after: withState ? row.seq : since })',
      },
    ],
  },
  {
    name: 'tail_start_not_recorded',
    row: 37,
    about: 'A tail that was folded in still counts as reaching back.',
    edits: [{ file: DRAFT, find: '      tailStart: seq,', replace: '      tailStart: this.#row?.tailStart ?? seq,' }],
  },
  {
    name: 'fork_not_noticed',
    row: 17,
    about: 'An operation with a known counter is taken for a duplicate, whatever it says.',
    edits: [
      {
        file: 'packages/server/src/replica-draft.ts',
        find: 'return this.#kept.get(counter) === check',
        replace: 'return counter <= this.last.counter',
      },
    ],
  },
  {
    name: 'duplicate_taken_twice',
    row: 57,
    about: 'An operation that arrives again is stored again.',
    edits: [
      { file: PUSH_WORK, find: '    if (dot.counter <= draft.last.counter) {', replace: '    if (false) {' },
      { file: PUSH_WORK, find: '    if (covers(target.version, dot)) return draft.fork()\n', replace: '' },
    ],
  },
  {
    name: 'fast_clock_taken',
    row: 23,
    about: 'The server takes times that are yet to come.',
    edits: [
      {
        file: PUSH_WORK,
        find: '    return time > timestampAt(nowMs + limits.clockAheadMs) && time > this.highestTime + CLOCK_TICKS_ABOVE',
        replace: '    return false',
      },
    ],
  },
  {
    name: 'restore_noticed_by_the_head_alone',
    row: 12,
    about: 'A client of another history is noticed only while it has seen more than there is.',
    edits: [
      {
        file: POSITION,
        find: '  return index < 0 || reached > (space.epochs[index + 1]?.began ?? space.head)',
        replace: '  return reached > space.head',
      },
    ],
  },
  {
    name: 'old_ids_write_on',
    row: 65,
    about: 'An id goes on writing after the server went back behind what it wrote.',
    edits: [
      {
        file: 'packages/server/src/take-push.ts',
        find: 'find(({ epoch }) => epoch !== currentEpoch(space))',
        replace: 'find(({ epoch }) => epoch === undefined)',
      },
    ],
  },
  {
    name: 'tombstones_collected_at_once',
    row: 33,
    about: 'A tombstone is cleared up without regard to its age and to who has seen it.',
    edits: [
      {
        file: COLLECT,
        find: '  const horizon = Math.min(space.head, await horizonOf(transaction, replicas, retention))',
        replace: '  const horizon = space.head',
      },
      {
        file: COLLECT,
        find: 'lastTombstone(horizon, retention.nowMs - retention.retentionMs)',
        replace: 'lastTombstone(horizon, retention.nowMs)',
      },
    ],
  },
  {
    name: 'expired_not_told',
    row: 31,
    about: 'A client that missed the tombstones is answered as if it had not, and goes on under its retired id.',
    edits: [
      {
        file: POSITION,
        find: '  (cursor.since > 0 && cursor.since < collected) || replicas.some((row) => row.isRetired)',
        replace: '  false',
      },
    ],
  },
  {
    name: 'revived_document_stays_a_tombstone',
    row: 13,
    about: 'A document that an edit brought back still counts as deleted, and is cleared up.',
    edits: [
      {
        file: DRAFT,
        find: '    const tombstoneMs = mayBeGone ? this.#goneSince(nowMs) : undefined',
        replace: '    const tombstoneMs = row.tombstoneMs ?? (mayBeGone ? this.#goneSince(nowMs) : undefined)',
      },
    ],
  },
]
