import { describe, expect, test } from 'vitest'

/** What an adapter is tried in: new and empty for each behaviour. */
export interface Disposable {
  /** Removes the place. */
  dispose?(): void | Promise<void>
}

/** A promise that every adapter of a port keeps. It is data, so that it can be tried on a faulty adapter too. */
export interface Behaviour<Place extends Disposable> {
  readonly title: string
  run(place: Place): Promise<void>
}

/** Registers every behaviour as a test; `makePlace` is called once for each. */
export function registerBehaviours<Place extends Disposable>(
  title: string,
  behaviours: readonly Behaviour<Place>[],
  makePlace: () => Place | Promise<Place>,
): void {
  describe.for([title])('%s', () => {
    test.for(behaviours.map((behaviour) => [behaviour.title, behaviour] as const))('%s', async ([, behaviour]) => {
      expect.hasAssertions()
      await runBehaviour(behaviour, makePlace)
    })
  })
}

/** Runs one behaviour in a place of its own; rejects if it is not kept. */
export async function runBehaviour<Place extends Disposable>(
  behaviour: Behaviour<Place>,
  makePlace: () => Place | Promise<Place>,
): Promise<void> {
  const place = await makePlace()
  try {
    await behaviour.run(place)
  } finally {
    await place.dispose?.()
  }
}
