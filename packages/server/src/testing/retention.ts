import { LIMITS } from '@whisker/protocol'
import type { ManualClock } from './manual-clock.ts'
import type { TestClient } from './test-client.ts'

export const HOUR_MS = 3_600_000
const { retentionMs } = LIMITS

/**
 * Lets time pass until what is there now is just older than the retention. The client comes by meanwhile, and is known
 * to stand at the head. The last pass by itself came too early for anything, and the next is not due yet.
 */
export async function outlast(clock: ManualClock, client: TestClient): Promise<void> {
  clock.advance(retentionMs - HOUR_MS - 60_000)
  await client.pull()
  clock.advance(HOUR_MS + 1000)
  await client.pull()
  clock.advance(60_000)
}
