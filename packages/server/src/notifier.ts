/** Tells those who wait for a space that it changed. A hint: the store is the truth. */
export interface Notifier {
  wait(space: string, listener: () => void): () => void
  notify(space: string): void
  notifyAll(): void
}

export function createNotifier(): Notifier {
  const listeners = new Map<string, Set<() => void>>()
  return {
    wait(space, listener) {
      const waiting = listeners.get(space) ?? new Set()
      listeners.set(space, waiting.add(listener))
      return () => {
        waiting.delete(listener)
        if (waiting.size === 0 && listeners.get(space) === waiting) listeners.delete(space)
      }
    },
    notify(space) {
      for (const listener of listeners.get(space) ?? []) listener()
    },
    notifyAll() {
      for (const space of listeners.keys()) this.notify(space)
    },
  }
}
