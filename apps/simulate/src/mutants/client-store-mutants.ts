import type { Mutant } from './mutant.ts'

const CORE = 'packages/engine/src/core.ts'
const COMMITTER = 'packages/engine/src/committer.ts'
const LEDGER = 'packages/engine/src/ledger/ledger.ts'
const ABSORB = 'packages/engine/src/ledger/absorb.ts'
const STORED = 'packages/engine/src/ledger/stored.ts'
const WRITER = 'packages/engine/src/documents/writer.ts'

/** Mistakes in how a device stores what is written on it. */
export const CLIENT_STORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'write_resolves_before_commit',
    row: 44,
    about: 'A write is said to be durable while its commit is still under way.',
    edits: [
      {
        file: CORE,
        find: '    await this.committer.flush(failures)\n    this.onLocalWrite()',
        replace: '    this.committer.flush(failures).catch(() => {})\n    this.onLocalWrite()',
      },
    ],
  },
  {
    name: 'failed_commit_resolves',
    row: 38,
    about: 'Whoever waits for a commit that failed is told that it went well.',
    edits: [
      {
        file: COMMITTER,
        find: 'for (const waiter of failed) waiter.reject(error)',
        replace: 'for (const waiter of failed) waiter.resolve()',
      },
    ],
  },
  {
    name: 'counter_not_stored',
    row: 20,
    about: 'The counter is not in the transaction that stores the operation, and is used again after a restart.',
    edits: [
      {
        file: LEDGER,
        find: '    this.setSlot({ counter: operation.dot.counter, clock: operation.time, fallbacks, position })',
        replace:
          '    const slot = { ...this.slot, counter: operation.dot.counter, clock: operation.time, fallbacks, position }\n    this.slots.set(this.slotNumber, slot)',
      },
    ],
  },
  {
    name: 'counter_stays_after_failed_commit',
    row: 26,
    about: 'Memory goes back after a failed commit, but not its counter: the next operation leaves a gap.',
    edits: [
      {
        file: LEDGER,
        find: '    replace(this.slots, other.slots)',
        replace:
          '    const { slot } = this\n    replace(this.slots, other.slots)\n    if (other.slots.get(this.slotNumber)?.replica === slot.replica) this.slots.set(this.slotNumber, slot)',
      },
    ],
  },
  {
    name: 'sent_before_stored',
    row: 19,
    about: 'An operation is sent before it is on this disk.',
    edits: [
      {
        file: COMMITTER,
        find: '    if (this.#isAhead || position > this.#ledger.outbox.storedPosition) return false\n    return !this.#flight?.outbox.has(position) && !this.#ledger.unstored.outbox.has(position)',
        replace: '    return true',
      },
      {
        file: 'packages/engine/src/sync/push-phase.ts',
        find: '  for (let late = 0; ;) {\n    await commit(round)',
        replace: '  for (let late = 0; ;) {\n    core.notify()',
      },
    ],
  },
  {
    name: 'restart_forgets_what_was_sent',
    row: 57,
    about: 'After a restart an operation that was sent may still be made smaller: the same name for something else.',
    edits: [{ file: STORED, find: '  handed: true,', replace: '  handed: false,' }],
  },
  {
    name: 'others_commits_overwritten',
    row: 44,
    about: 'Another opening of the store was faster, and what it committed is not taken in before the next commit.',
    edits: [
      {
        file: COMMITTER,
        find: '      if (!(await this.#follow())) throw movedNowhere()',
        replace:
          '      const changes = await this.#store.changes(this.revision)\n      if (!changes) throw movedNowhere()\n      this.revision = changes.revision',
      },
    ],
  },
  {
    name: 'slot_of_another_opening',
    row: 17,
    about: 'All openings of a store write as the same writer, and none notices the other.',
    edits: [
      { file: 'packages/engine/src/sync-engine.ts', find: '        slot: store.slot,', replace: '        slot: 0,' },
      {
        file: ABSORB,
        find: 'if (now && remembered && isOther) ledger.leaveSlot()',
        replace: 'if (now && remembered && isOther) ledger.storedSlot = now',
      },
    ],
  },
  {
    name: 'deposed_leader_commits',
    row: 43,
    about: 'An opening that lost the lead goes on committing what the answers to it say.',
    edits: [
      {
        file: ABSORB,
        find: '  if (isDeposed && records.length + outbox.length + unstored.documents.size > 0) return true\n',
        replace: '',
      },
      {
        file: 'packages/engine/src/sync/round.ts',
        find: '  if (!core.ledger.isLeader || core.committer.rebases !== rebases) throw movedError()',
        replace: '',
      },
      { file: ABSORB, find: '    records.some((name) => changed.records.has(name)) ||\n', replace: '' },
    ],
  },
  {
    name: 'clock_not_advanced_on_receive',
    row: 25,
    about: 'What was received does not advance the clock: an edit of it can come out older than it.',
    edits: [
      {
        file: LEDGER,
        find: '    if (time > this.link.received) this.setLink({ received: time })',
        replace: '',
      },
    ],
  },
  {
    name: 'clock_may_stand_still',
    row: 34,
    about: 'Two operations of one millisecond get the same time.',
    edits: [
      {
        file: 'packages/protocol/src/clock.ts',
        find: 'Math.max(last + 1, timestampAt(wallMs))',
        replace: 'Math.max(last, timestampAt(wallMs))',
      },
    ],
  },
  {
    name: 'edit_of_a_form_covers_all',
    row: 35,
    about: 'An edit of what was read earlier claims to have seen all that arrived since.',
    edits: [
      {
        file: WRITER,
        find: '    const base = baseOf(state)\n    const isCurrent = state === document.state\n',
        replace: '    const base = baseOf(document.state)\n    const isCurrent = true\n',
      },
    ],
  },
  {
    name: 'edit_ends_open_conflicts',
    row: 35,
    about: 'An ordinary edit does not name what it leaves standing: copies and open conflicts are gone.',
    edits: [
      {
        file: WRITER,
        find: 'const seen = { base, keep: part.keep, drop: NO_NAMES }',
        replace: 'const seen = { base, keep: NO_NAMES, drop: NO_NAMES }',
      },
    ],
  },
]
