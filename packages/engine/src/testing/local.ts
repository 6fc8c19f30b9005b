import type { StateStore, SyncError } from '@whisker/protocol'
import { type Collection, type CollectionOptions, SyncEngine, memoryState } from '../index.ts'
import { FakeClock } from './fake-clock.ts'
import type { Note, Notes } from './world.ts'

export interface Local {
  readonly engine: SyncEngine<Notes>
  readonly notes: Collection<Note>
  readonly clock: FakeClock
}

/** An engine without a transport. */
export async function openLocal(state: StateStore = memoryState(), notes: CollectionOptions = {}): Promise<Local> {
  const clock = new FakeClock()
  const engine = await SyncEngine.open<Notes>({ space: 'local', collections: { notes, drafts: {} }, state, clock })
  return { engine, notes: engine.collection('notes'), clock }
}

/** What a promise is rejected with; fails if it is not. */
export async function refusal(promise: Promise<unknown>): Promise<SyncError> {
  try {
    await promise
  } catch (error) {
    return error as SyncError
  }
  throw new Error('It was not refused.')
}

/** What `run` throws that nobody catches, in place of the end of this process. */
export async function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const names = ['uncaughtException', 'unhandledRejection'] as const
  const caught: unknown[] = []
  const others = names.map((name) => process.listeners(name as 'uncaughtException'))
  const note = (error: unknown): void => void caught.push(error)
  for (const name of names) {
    process.removeAllListeners(name)
    process.on(name, note)
  }
  try {
    await run()
    await new Promise((resolve) => setTimeout(resolve, 5))
  } finally {
    names.forEach((name, index) => {
      process.removeListener(name, note)
      for (const listener of others[index] ?? []) process.on(name, listener)
    })
  }
  return caught
}
