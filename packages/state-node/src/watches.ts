const POLL_MS = 100

/** Openings in one process that watch: they tell each other, so that nobody waits for a look at the file. */
export type Neighbours = Set<Neighbour>
interface Neighbour {
  /** Equal for all openings of one space of one file. */
  readonly home: string
  look(): void
}

/** The listeners of one opening. */
export interface Watches {
  add(listener: () => void): () => void
  /** This opening has committed: its own listeners need not hear, its neighbours hear at once. */
  committed(revision: number): void
  end(): void
}

interface Watch {
  readonly listener: () => void
}

/**
 * Commits of others show in the stored revision. It is read when a neighbour tells, and every 100 ms for those in other
 * processes, while somebody listens. `readRevision` gives undefined if it cannot be read now: then the next look tells.
 */
export function watchesOf(home: string, neighbours: Neighbours, readRevision: () => number | undefined): Watches {
  const watches = new Set<Watch>()
  /** The last revision that the listeners were told of, or that is their own. */
  let told: number | undefined
  let timer: NodeJS.Timeout | undefined

  const look = (): void => {
    const revision = readRevision()
    if (revision === undefined || revision === told) return
    told = revision
    for (const watch of watches) {
      queueMicrotask(() => {
        if (watches.has(watch)) watch.listener()
      })
    }
  }
  const self: Neighbour = { home, look }
  const begin = (): void => {
    told = readRevision()
    neighbours.add(self)
    timer = setInterval(look, POLL_MS).unref()
  }
  const end = (): void => {
    watches.clear()
    neighbours.delete(self)
    clearInterval(timer)
  }

  return {
    add(listener) {
      if (watches.size === 0) begin()
      const watch = { listener }
      watches.add(watch)
      return () => {
        if (watches.delete(watch) && watches.size === 0) end()
      }
    },
    committed(revision) {
      told = revision
      for (const other of neighbours) if (other !== self && other.home === home) other.look()
    },
    end,
  }
}
