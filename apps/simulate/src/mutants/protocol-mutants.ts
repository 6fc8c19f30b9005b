import type { Mutant } from './mutant.ts'

const STATE = 'packages/protocol/src/document-state.ts'
const VIEW = 'packages/protocol/src/view.ts'
const VERSION = 'packages/protocol/src/version-vector.ts'

/** Mistakes in what a document is. */
export const PROTOCOL_MUTANTS: readonly Mutant[] = [
  {
    name: 'delete_ends_concurrent_edits',
    row: 32,
    about: 'A delete hides edits that it had not seen, if they are older.',
    edits: [
      {
        file: VIEW,
        find: 'const isVisible = (edit: Write, deletes: readonly Write[]): boolean => !deletes.some((one) => supersedes(one, edit))',
        replace:
          'const isVisible = (edit: Write, deletes: readonly Write[]): boolean =>\n  !deletes.some((one) => supersedes(one, edit) || one.time > edit.time)',
      },
    ],
  },
  {
    name: 'write_wins_by_arrival',
    row: 30,
    about: 'A write takes the place of what stands there, whether or not its author had seen that.',
    edits: [
      {
        file: STATE,
        find: '    if (!covers(operation.base, write.dot) || kept?.has(nameKey(write))) return false',
        replace: '    if (kept?.has(nameKey(write))) return false',
      },
    ],
  },
  {
    name: 'join_takes_one_side',
    row: 35,
    about: 'Of two states that had not seen each other, one loses what only it holds.',
    edits: [
      {
        file: STATE,
        find: '    else if (!covers(b.version, write.dot)) writes.push(write)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'versions_pruned',
    row: 28,
    about: 'A version names no more than four replicas.',
    edits: [{ file: VERSION, find: '  return merged\n', replace: '  return merged.slice(-4)\n' }],
  },
  {
    name: 'ties_by_order_of_arrival',
    row: 27,
    about: 'Of two writes of the same time, the one that came last wins.',
    edits: [
      {
        file: STATE,
        find: '  a.time - b.time || compareDots(a.dot, b.dot) || comparePaths(a.path, b.path)',
        replace:
          '  a.time - b.time || (a.dot.replica === b.dot.replica ? compareDots(a.dot, b.dot) || comparePaths(a.path, b.path) : 0)',
      },
    ],
  },
  {
    name: 'replicas_in_the_order_of_a_language',
    row: 71,
    about: 'Ids are sorted as words are, and looked for as bytes.',
    edits: [
      {
        file: 'packages/protocol/src/identity.ts',
        find: 'number => (a < b ? -1 : a > b ? 1 : 0)',
        replace: 'number => a.localeCompare(b)',
      },
    ],
  },
]
