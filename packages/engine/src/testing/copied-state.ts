import type { StateStore } from '@whisker/protocol'
import { memoryState } from '../index.ts'

/** A store that begins as a copy of a space that is open nowhere, its device included. */
export async function copiedState(original: StateStore, space = 'shared'): Promise<StateStore> {
  const from = await original.open(space, () => {
    throw new Error('There is nothing to copy.')
  })
  const { records, documents, outbox, rejected } = await from.load()
  await from.close()
  const copy = memoryState()
  const to = await copy.open(space, () => from.device)
  await to.commit({ revision: 0, records, documents, outbox, rejected })
  await to.close()
  return copy
}
