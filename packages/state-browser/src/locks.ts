/** A lock of the browser's that is held until it is released, or stolen; the end of the tab releases it too. */
export interface HeldLock {
  readonly isHeld: boolean
  /** Resolves when others can have it. */
  release(): Promise<void>
}

/** Takes a lock if nobody has it; undefined if somebody has. `steal` takes it from whoever has it. */
export async function takeLock(
  name: string,
  { steal = false }: { readonly steal?: boolean } = {},
): Promise<HeldLock | undefined> {
  const { promise: end, resolve: release } = Promise.withResolvers<void>()
  return new Promise((resolve, reject) => {
    let isHeld = true
    const held: HeldLock = {
      get isHeld() {
        return isHeld
      },
      async release() {
        isHeld = false
        release()
        await over
      },
    }
    const over = navigator.locks
      .request(name, steal ? { steal } : { ifAvailable: true }, async (lock) => {
        resolve(lock ? held : undefined)
        if (lock) await end
      })
      // Before it is had this is a failure; afterwards somebody has stolen it, and then nobody listens any more.
      .catch(reject)
      .finally(() => {
        isHeld = false
      })
  })
}

/** The names of those that anybody holds now, if they begin so. */
export async function heldLocks(start: string): Promise<readonly string[]> {
  const { held = [] } = await navigator.locks.query()
  return held.map(({ name = '' }) => name).filter((name) => name.startsWith(start))
}
