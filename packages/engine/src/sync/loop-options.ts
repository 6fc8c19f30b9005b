import type { Transport } from '@whisker/protocol'
import type { WakeSource } from '@whisker/protocol/transport'
import type { SpacePresence } from '../presence.ts'

export interface SyncLoopOptions {
  readonly transport: Transport | undefined
  readonly presence: SpacePresence
  /** Between rounds when nothing asks for one, on a transport that does not tell of changes. */
  readonly pollMs: number
  /** From an edit to the round that sends it, on such a transport: edits that follow at once travel along. */
  readonly debounceMs: number
  readonly wakes: WakeSource
}
