import { isSyncError } from '@whisker/engine'
import { useMemo, useRef, useSyncExternalStore } from 'react'

/** Something outside of React that changes. */
export interface Source<T> {
  read(): T
  /** Whether a component would look the same. */
  isSame(before: T, now: T): boolean
  /** Calls back after each change; returns what ends it. */
  watch(changed: () => void): () => void
}

/** What one component sees of a source: the same reference until it would look different. */
class View<T> {
  readonly #source: Source<T>
  #seen: T
  /** Nothing has changed since it was read; only whoever is told of changes can know that. */
  #isFresh = false
  #watchers = 0

  constructor(source: Source<T>, before: T) {
    this.#source = source
    this.#seen = before
  }

  readonly subscribe = (notify: () => void): (() => void) => {
    this.#isFresh = false
    this.#watchers++
    const end = this.#source.watch(() => {
      this.#isFresh = false
      notify()
    })
    return () => {
      end()
      this.#watchers--
      this.#isFresh = false
    }
  }

  readonly snapshot = (): T => {
    if (this.#isFresh) return this.#seen
    const now = this.#read()
    if (!this.#source.isSame(this.#seen, now)) this.#seen = now
    this.#isFresh = this.#watchers > 0
    return this.#seen
  }

  /** A page may still be shown when its engine has been closed. */
  #read(): T {
    try {
      return this.#source.read()
    } catch (thrown) {
      if (isSyncError(thrown) && thrown.code === 'closed') return this.#seen
      throw thrown
    }
  }
}

/**
 * Shows what a source holds, made anew when one of the keys changes; `nothing` without a source, on a server, and while a page
 * that came from one is hydrated: what the server sent has to look the same here at first.
 */
export function useView<T>(sourceOf: () => Source<T> | undefined, keys: readonly unknown[], nothing: T): T {
  const last = useRef(nothing)
  const { subscribe, snapshot } = useMemo(() => {
    const source = sourceOf()
    return source ? new View(source, last.current) : { subscribe: () => () => undefined, snapshot: () => nothing }
  }, keys)
  const seen = useSyncExternalStore(subscribe, snapshot, () => nothing)
  last.current = seen
  return seen
}
