/** What tells that trying now may be worth it: coming online, becoming visible. */
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
  global.document?.addEventListener?.('visibilitychange', whenVisible)
  return () => {
    global.removeEventListener?.('online', wake)
    global.document?.removeEventListener?.('visibilitychange', whenVisible)
  }
}
