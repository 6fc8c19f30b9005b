interface Mark {
  readonly applicationId: number
  readonly called: string
}

/** Every kind of file that Whisker Sync makes: its `application_id`, at byte 68, and what it is called where another is expected. */
export const MARKS: Readonly<Record<StoreKind['mark'], Mark>> = {
  /** `WhSy` */
  device: { applicationId: 0x57685379, called: "a device's state of Whisker Sync" },
  /** `WhSv` */
  server: { applicationId: 0x57685376, called: "a server's database of Whisker Sync" },
}

/** What a package says of the files that it opens. */
export interface StoreKind {
  readonly mark: 'device' | 'server'
  /** As what is expected: `a Whisker Sync store`. */
  readonly called: string
  /** The package that has to be updated where a file is too new. */
  readonly package: string
  /** The one version of the tables that the package knows, from 1. */
  readonly version: number
  /** The statements that make the tables in an empty file. */
  readonly tables: string
  /** Settings of SQLite that are on in each connection for writing, beside those that make a commit last. */
  readonly settings: readonly string[]
  /** How long to wait for another connection's transaction. */
  readonly busyMs: number
}
