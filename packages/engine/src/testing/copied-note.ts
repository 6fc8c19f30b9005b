import { type Device, World, meet } from './world.ts'

/** A note with a copy: two devices that edited it unaware of each other, and have met since. */
export interface CopiedNote {
  readonly world: World
  readonly a: Device
  readonly b: Device
  /** The copy's id. */
  readonly copy: string
}

/** Under keep_both: B's later edit is the original, A's the copy. `before`: what A does before it knows of B's. */
export async function copiedNote(before: (a: Device) => void = () => {}): Promise<CopiedNote> {
  const world = new World()
  const [a, b] = await world.pair({ notes: { strategy: 'keep_both' } })
  await a.notes.create('a', { title: 'One' })
  await meet(a, b)
  await a.notes.update('a', { title: 'A' })
  before(a)
  world.clock.advance(10)
  await b.notes.update('a', { title: 'B' })
  await meet(a, b)
  const copy = a.notes.list().find(({ id }) => id !== 'a')?.id
  if (copy === undefined) throw new Error('There is no copy.')
  return { world, a, b, copy }
}
