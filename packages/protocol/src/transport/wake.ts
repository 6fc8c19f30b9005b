/** What tells that the way to the server may have changed, and is to be tried now: coming online, going offline, becoming visible. */
export type WakeSource = (wake: () => void) => () => void

interface Target {
  addEventListener?(name: string, listener: () => void): void
  removeEventListener?(name: string, listener: () => void): void
}

/** The events that browsers have; elsewhere there are none, and the timer does it. */
export const platformWakes: WakeSource = (wake) => {
  const global = globalThis as Target & { readonly document?: Target & { readonly visibilityState?: string } }
  const whenVisible = (): void => {
    if (global.document?.visibilityState === 'visible') wake()
  }
  global.addEventListener?.('online', wake)
  // Sockets stay open without a network, and would be believed in until the next ping.
  global.addEventListener?.('offline', wake)
  global.document?.addEventListener?.('visibilitychange', whenVisible)
  return () => {
    global.removeEventListener?.('online', wake)
    global.removeEventListener?.('offline', wake)
    global.document?.removeEventListener?.('visibilitychange', whenVisible)
  }
}
