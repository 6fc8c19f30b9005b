import type { JsonValue, Member, Presence } from '@whisker/engine'
import { useCallback } from 'react'
import { useSyncEngine } from './provider.ts'
import { useView } from './view.ts'

export interface PresenceView extends Pick<Presence, 'isAvailable'> {
  /** The others who show something. */
  readonly members: readonly Member[]
  /** What the others see of this device from now on; undefined for nothing. */
  readonly show: (value: JsonValue | undefined) => void
}

interface Present {
  readonly isAvailable: boolean
  readonly members: readonly Member[]
}

const NOBODY: Present = { isAvailable: false, members: [] }

/** Who else is here now, and what they show. */
export function usePresence(): PresenceView {
  const engine = useSyncEngine()
  const present = useView<Present>(
    () => {
      const presence = engine?.presence
      return (
        presence && {
          read: () => ({ isAvailable: presence.isAvailable, members: presence.members() }),
          isSame: (before, now) => before.isAvailable === now.isAvailable && before.members === now.members,
          watch: (changed) => presence.subscribe(changed),
        }
      )
    },
    [engine],
    NOBODY,
  )
  const show = useCallback((value: JsonValue | undefined) => engine?.presence.show(value), [engine])
  return { ...present, show }
}
