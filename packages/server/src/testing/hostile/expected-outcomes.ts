import type { Mutation } from './mutations.ts'

/** Places of `fullPush` at which some of the wrong values are right, and what then becomes of the push. */
interface Allowance {
  readonly places: RegExp
  readonly wrongs: readonly string[]
  /** Left out: it is read to the end, as if nothing were wrong. */
  readonly outcome?: string
}

/** Any JSON value that is a field's. */
const VALUES = ['null', 'true', 'zero', 'negative', 'fraction', 'beyond', 'empty', 'long', 'path', 'list', 'object']
const KEYS = ['empty', 'long', 'path']

const ALLOWANCES: readonly Allowance[] = [
  { places: /^at\.0$/, wrongs: ['null'], outcome: '409 resync' },
  { places: /^at\.[123]$/, wrongs: ['zero'] },
  { places: /^device\.1$/, wrongs: ['empty', 'path'] },
  { places: /^replicas$/, wrongs: ['list'], outcome: '400 bad_request' },
  { places: /^replicas\.0\.0$/, wrongs: ['null'], outcome: '409 new_epoch' },
  { places: /^replicas\.0\.1$/, wrongs: ['zero'], outcome: '400 bad_request' },
  { places: /^replicas\.0\.2$/, wrongs: ['zero'] },
  { places: /^(entries|offers)$/, wrongs: ['list'] },
  { places: /^strategies$/, wrongs: ['object'] },
  // Times, and indices of the first replica.
  { places: /^entries\.[01235]\.5$/, wrongs: ['zero'] },
  { places: /^offers\.(0\.2\.2|1\.2\.[23]\.[02]|1\.2\.2\.3\.0|1\.2\.2\.5\.0\.0)$/, wrongs: ['zero'] },
  // Bases, `keep` and `drop`, and a delta beside a `drop` or in a state.
  { places: /^entries\.([1235]\.6|3\.[789])$/, wrongs: ['list'] },
  { places: /^offers\.1\.2\.(2\.[345]|3\.4)$/, wrongs: ['list'] },
  // Paths: any key; a 0 in front is the metadata; none is the root, which a name and a removal may mean.
  { places: /^entries\.[13]\.7\.\d\.0\.0$/, wrongs: KEYS },
  { places: /^entries\.2\.7\.0\.0\.1$/, wrongs: KEYS },
  { places: /^entries\.1\.7\.1\.0\.0$/, wrongs: ['zero'] },
  { places: /^entries\.3\.[89]\.0\.2$/, wrongs: ['list'] },
  { places: /^entries\.3\.[89]\.0\.2\.0$/, wrongs: [...KEYS, 'zero'] },
  { places: /^offers\.1\.2\.2\.4\.0\.0\.0$/, wrongs: KEYS },
  { places: /^offers\.1\.2\.2\.4\.1\.0\.0$/, wrongs: [...KEYS, 'zero'] },
  { places: /^offers\.1\.2\.2\.4\.1\.0\.1$/, wrongs: KEYS },
  { places: /^offers\.1\.2\.2\.5\.0\.2$/, wrongs: ['list'] },
  { places: /^offers\.1\.2\.2\.5\.0\.2\.0$/, wrongs: [...KEYS, 'zero'] },
  { places: /^offers\.1\.2\.3\.4\.0\.0$/, wrongs: ['list'] },
  { places: /^offers\.1\.2\.3\.4\.0\.0\.0$/, wrongs: [...KEYS, 'zero'] },
  // Contents: a root is an object, a field anything.
  { places: /^(entries\.0\.7\.0\.1|offers\.0\.2\.3)$/, wrongs: ['object'] },
  { places: /^(entries\.0\.7\.0\.1|offers\.0\.2\.3)\../, wrongs: VALUES },
  { places: /^entries\.[123]\.7\.0\.1$/, wrongs: VALUES },
  { places: /^offers\.1\.2\.2\.4\.[01]\.1$/, wrongs: VALUES },
]

/** Lists of `fullPush` that may as well be shorter or longer, and fields that may be left out. */
const MISFITS: readonly Allowance[] = [
  { places: /^$/, wrongs: ['without entries', 'without offers', 'without strategies'] },
  { places: /^strategies$/, wrongs: ['without chapters'] },
  { places: /^replicas$/, wrongs: ['shorter'], outcome: '400 bad_request' },
  // The last id is that of a stranger, of whom nothing else is said.
  { places: /^(ids|entries|offers)$/, wrongs: ['shorter'] },
  // Contents.
  { places: /^(entries\.0\.7\.0\.1|offers\.0\.2\.3)$/, wrongs: ['without title', 'without tags', 'without note'] },
  { places: /^entries\.0\.7\.0\.1\.tags$/, wrongs: ['shorter', 'longer'] },
  // A write more or less, a name more or less, the last of a state's.
  {
    places: /^(entries\.[13]\.7|entries\.3\.[89]|offers\.1\.2|offers\.1\.2\.2\.[45]|offers\.1\.2\.3\.4)$/,
    wrongs: ['shorter'],
  },
  // A key less of a path, a value less of a write, which then removes; and a value for what was removed.
  { places: /^(entries\.3\.[89]\.0\.2|offers\.1\.2\.2\.5\.0\.2|offers\.1\.2\.3\.4\.0\.0)$/, wrongs: ['shorter'] },
  { places: /^(entries\.[123]\.7\.0|offers\.1\.2\.2\.4\.[01])$/, wrongs: ['shorter'] },
  { places: /^(entries\.1\.7\.1|offers\.1\.2\.3\.4\.0)$/, wrongs: ['longer'] },
  // `drop` of an operation, and `keep` of a state.
  { places: /^(entries\.3|offers\.1\.2\.2)$/, wrongs: ['shorter'] },
]

/** What `forkedPush` comes to with something wrong: refused as no message, unless the table above says that it is right. */
export function expectedOf({ place, wrong }: Mutation): string {
  const allowance = [...ALLOWANCES, ...MISFITS].find(
    ({ places, wrongs }) => places.test(place) && wrongs.includes(wrong),
  )
  return allowance ? (allowance.outcome ?? READ_TO_THE_END) : '400 bad_message'
}

export const READ_TO_THE_END = '200 replica_forked'
