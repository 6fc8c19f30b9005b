/*
 * What must be true of a space, worked out from nothing but what people did and what they had before their eyes. Every
 * value that anyone writes holds a text that no other write holds, so that each can be followed wherever it goes.
 * Nothing here knows how a document is stored, sent or merged.
 */

/** Something that somebody wrote. */
export interface Write {
  /** In the order of their making, over all devices. */
  readonly number: number
  /** The store that it was written to. */
  readonly store: string
  readonly collection: string
  readonly document: string
  readonly what: string
  /** The texts that it brings into the world. */
  readonly texts: readonly string[]
  /** The texts that its author saw at the places it writes to, and that it does not hold itself. */
  readonly over: readonly string[]
  /** The texts that it writes once more: a list is one value, and so is what somebody chose. */
  readonly again: readonly string[]
  /** The texts that are listed around the place it writes to: whether it settles them hangs on what others wrote there. */
  readonly around: readonly string[]
  readonly isDelete: boolean
  /** The key of the metadata that it writes to: there the latest is shown, and nothing is listed. */
  readonly key?: string | undefined
  atMs: number
  fate: Fate
  /** Whether the server is known to hold it, and whether the store does that it was written to. */
  isOnServer: boolean
  isInStore: boolean
}

/**
 * `begun`: nobody was told yet. `durable`: its author was told that it is safe. `refused`: its author was told that it
 * is not. `unsure`: whoever held it was destroyed or went back in time.
 */
export type Fate = 'begun' | 'durable' | 'refused' | 'unsure'

/** The set of all writes, and what became of them. */
export class Model {
  /** Whether all clocks are right: then what is written later is the latest. */
  readonly #isTimeRight: boolean
  readonly writes: Write[] = []
  /** Texts that were refused and then tried again. */
  readonly triedAgain: Set<string> = new Set()
  readonly #byText = new Map<string, Write>()
  /** By text: those that wrote over it. */
  readonly #over = new Map<string, Write[]>()
  /** By text: those that wrote into its place. */
  readonly #around = new Map<string, Write[]>()
  readonly #again = new Set<string>()
  /** Texts that somebody let go of on purpose. */
  readonly #discarded = new Set<string>()
  #texts = 0

  constructor(isTimeRight = true) {
    this.#isTimeRight = isTimeRight
  }

  /** A text that was never used before. */
  mint(mark = 'w'): string {
    return `<${mark}${++this.#texts}>`
  }

  add(write: Omit<Write, 'number' | 'fate' | 'isOnServer' | 'isInStore'>): Write {
    const added: Write = { ...write, number: this.writes.length, fate: 'begun', isOnServer: false, isInStore: true }
    this.writes.push(added)
    for (const text of added.texts) this.#byText.set(text, added)
    for (const text of added.again) this.#again.add(text)
    for (const text of added.over) append(this.#over, text, added)
    for (const text of added.around) append(this.#around, text, added)
    return added
  }

  writeOf(text: string): Write | undefined {
    return this.#byText.get(text)
  }

  /** The texts that were written over this one. */
  writtenOver(text: string): readonly string[] {
    return this.#over.get(text)?.flatMap(({ texts }) => texts) ?? []
  }

  /** They were refused, and are written once more. */
  writtenAgain(texts: readonly string[], atMs: number): void {
    for (const text of texts) {
      const write = this.#byText.get(text)
      if (write) write.atMs = atMs
      this.triedAgain.add(text)
    }
  }

  discard(texts: readonly string[]): void {
    for (const text of texts) this.#discarded.add(text)
  }

  /** The server holds what a store had to send, but for what it refused. */
  reachedServer(store: string, upTo: number, refused: ReadonlySet<string>): void {
    for (const write of this.#after(store, 0)) {
      if (write.number >= upTo || !write.isInStore || write.fate !== 'durable') continue
      write.isOnServer ||= !write.texts.some((text) => refused.has(text))
    }
  }

  /** A store goes back to what it was when there were so many writes. */
  storeWentBack(store: string, to: number): void {
    for (const write of this.#after(store, to)) {
      write.isInStore = false
      if (!write.isOnServer) write.fate = 'unsure'
    }
  }

  /** What the server is known to hold now. */
  get onServer(): ReadonlySet<Write> {
    return new Set(this.writes.filter(({ isOnServer }) => isOnServer))
  }

  /** The server goes back to when it was known to hold no more than this: what came later is only where it was written. */
  serverWentBack(held: ReadonlySet<Write>): void {
    for (const write of this.writes) {
      if (held.has(write)) continue
      write.isOnServer = false
      if (!write.isInStore) write.fate = 'unsure'
    }
  }

  #after(store: string, number: number): readonly Write[] {
    return this.writes.slice(number).filter((write) => write.store === store)
  }

  /**
   * Whether anybody who saw a text may have written over it. One whose write was refused may have done so later, from a
   * form that still showed it: then what they wrote is there, or was written over in turn.
   */
  #isOverwritten(text: string, found: ReadonlySet<string>): boolean {
    const writers = [...(this.#over.get(text) ?? []), ...(this.#around.get(text) ?? [])]
    return writers.some((writer) => writer.fate !== 'refused' || this.#cameThrough(writer, found))
  }

  /** Of a delete, whether what was then created in its place is there, or was written over. */
  #cameThrough(refused: Write, found: ReadonlySet<string>): boolean {
    const written = refused.isDelete
      ? this.#after(refused.store, refused.number).filter(
          ({ collection, document, what }) =>
            what === 'create' && collection === refused.collection && document === refused.document,
        )
      : [refused]
    return written.some(({ texts }) => texts.some((one) => found.has(one) || this.#isOverwritten(one, found)))
  }

  /** The texts that must be somewhere at the end, and are not among those that were found. */
  lost(found: ReadonlySet<string>, isAsked: (write: Write) => boolean = () => true): readonly string[] {
    return this.writes
      .filter((write) => write.fate === 'durable' && isAsked(write))
      .flatMap((write) =>
        this.missing(write, found)
          .filter((text) => !this.#discarded.has(text))
          .map((text) => `${text} (${describe(write)})`),
      )
  }

  /** The texts of a write that are not among those, and that nobody wrote over. */
  missing(write: Pick<Write, 'texts'>, found: ReadonlySet<string>): readonly string[] {
    return write.texts.filter(
      (text) => !found.has(text) && !this.#isOverwritten(text, found) && !this.#gaveWay(text, found),
    )
  }

  /**
   * Whether what was noted about a document gave way to what was noted at the same place by somebody who had not seen
   * it, and is there or was written over; or went with the document, or waited for one that was then made anew.
   */
  #gaveWay(noted: string, found: ReadonlySet<string>): boolean {
    const write = this.#byText.get(noted)
    if (write?.key === undefined) return false
    const { collection, document, key, atMs, store, number } = write
    return this.writes.some((other) => {
      if (other === write || other.fate === 'refused') return false
      if (other.collection !== collection || other.document !== document) return false
      if (other.isDelete || (other.what === 'create' && other.store === store && other.number > number)) return true
      const mayWin = other.key === key && (other.atMs >= atMs || !this.#isTimeRight)
      return mayWin && other.texts.some((text) => found.has(text) || this.#isOverwritten(text, found))
    })
  }

  /** The texts of a write that are not there, and that nobody wrote over or once more. */
  unheard(write: Pick<Write, 'texts'>, found: ReadonlySet<string>): readonly string[] {
    return this.missing(write, found).filter((text) => !this.#again.has(text))
  }

  /** The texts that are shown though nobody ever wrote them. */
  invented(found: ReadonlySet<string>): readonly string[] {
    return [...found].filter((text) => !this.#byText.has(text))
  }

  /**
   * The texts that are shown though somebody who saw them wrote over them, and the server took that. A delete does not
   * count: an edit that did not know of it brings the document back.
   */
  risen(found: ReadonlySet<string>, isAsked: (write: Write) => boolean): readonly string[] {
    return [...found].flatMap((text) => {
      const write = this.#byText.get(text)
      if (!write || !isSafe(write) || !isAsked(write) || this.#again.has(text)) return []
      const stands = (other: Write): boolean =>
        !other.isDelete &&
        isSafe(other) &&
        other.texts.length > 0 &&
        !other.texts.some((one) => this.#discarded.has(one))
      const writers = this.#over.get(text)?.filter(stands)
      return writers?.map((other) => `${text} (${describe(write)}), written over by ${describe(other)}`) ?? []
    })
  }
}

function append(writers: Map<string, Write[]>, text: string, writer: Write): void {
  const known = writers.get(text)
  if (known) known.push(writer)
  else writers.set(text, [writer])
}

const isSafe = ({ fate, isOnServer, isInStore }: Write): boolean => fate === 'durable' && isOnServer && isInStore

export const describe = ({ number, store, what, collection, document }: Write): string =>
  `write ${number} of ${store}: ${what} ${collection}/${document}`

/** The texts within anything that an app is shown. */
export const textsIn = (value: unknown): readonly string[] => JSON.stringify(value ?? null).match(/<[wp]\d+>/g) ?? []
