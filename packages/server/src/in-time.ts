import { type Clock, SyncError } from '@whisker/protocol'

/** How long a hook of whoever embeds the server may take. */
const HOOK_MS = 10_000

/** What a hook answers. One that does not answer fails, so that nobody waits for ever and the log tells of it. */
export async function inTime<T>(name: string, answer: T | Promise<T>, clock: Clock): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const stop = clock.after(HOOK_MS, () => reject(tooLate(name)))
  try {
    return await Promise.race([answer, late])
  } finally {
    stop()
  }
}

const tooLate = (name: string): SyncError =>
  new SyncError('unavailable', `\`${name}\` did not answer within ${HOOK_MS} ms.`, {
    fix: 'See why it is slow, and let it fail sooner; clients try again by themselves.',
  })
