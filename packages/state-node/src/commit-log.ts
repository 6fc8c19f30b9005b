import type { DatabaseSync } from 'node:sqlite'
import type { StoreCommit } from '@whisker/protocol'

/** How many commits `changes` reaches back. */
const COMMITS_KEPT = 256

/** The rows that commits touched, each once. */
export interface TouchedKeys {
  readonly records: ReadonlySet<string>
  /** Collection → documents. */
  readonly documents: ReadonlyMap<string, ReadonlySet<string>>
  readonly outbox: ReadonlySet<number>
  readonly rejected: ReadonlySet<string>
}

/** What is written of one commit, as JSON: a collection's name once, since most commits are of one or two. */
type LoggedKeys = readonly [
  records: readonly string[],
  documents: readonly (readonly [collection: string, documents: readonly string[]])[],
  outbox: readonly number[],
  rejected: readonly string[],
]

/** Which rows the latest commits of a space touched. It is written in the transaction of each commit. */
export interface CommitLog {
  /** Writes down what led to a revision, and forgets what is too old. */
  write(space: number, revision: number, commit: StoreCommit): void
  /** What was touched after a revision; undefined if not all of it is known. */
  read(space: number, since: number, revision: number): TouchedKeys | undefined
}

export function commitLogOf(database: DatabaseSync): CommitLog {
  const insert = database.prepare('INSERT INTO commits (space, revision, keys) VALUES (?, ?, ?)')
  const forget = database.prepare('DELETE FROM commits WHERE space = ? AND revision <= ?')
  const select = database.prepare('SELECT keys FROM commits WHERE space = ? AND revision > ?')
  select.setReturnArrays(true)
  return {
    write(space, revision, commit) {
      insert.run(space, revision, JSON.stringify(keysOf(commit)))
      forget.run(space, revision - COMMITS_KEPT)
    },
    read(space, since, revision) {
      if (!Number.isInteger(since) || since > revision || since < revision - COMMITS_KEPT) return undefined
      const rows = select.all(space, since) as unknown as readonly (readonly [keys: string])[]
      if (rows.length !== revision - since) return undefined
      return merged(rows.map(([keys]) => JSON.parse(keys) as LoggedKeys))
    },
  }
}

function keysOf(commit: StoreCommit): LoggedKeys {
  const documents = new Map<string, string[]>()
  for (const [collection, document] of commit.documents) {
    const ids = documents.get(collection)
    if (ids) ids.push(document)
    else documents.set(collection, [document])
  }
  return [
    commit.records.map(([name]) => name),
    [...documents],
    commit.outbox.map(([position]) => position),
    commit.rejected.map(([name]) => name),
  ]
}

function merged(commits: readonly LoggedKeys[]): TouchedKeys {
  const documents = new Map<string, Set<string>>()
  for (const [, collections] of commits) {
    for (const [collection, ids] of collections) {
      const touched = documents.get(collection) ?? new Set()
      for (const id of ids) touched.add(id)
      documents.set(collection, touched)
    }
  }
  return {
    records: new Set(commits.flatMap(([records]) => records)),
    documents,
    outbox: new Set(commits.flatMap(([, , outbox]) => outbox).sort((a, b) => a - b)),
    rejected: new Set(commits.flatMap(([, , , rejected]) => rejected)),
  }
}
