import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { PEOPLE } from './actions.ts'
import { attack } from './attack.ts'
import type { Plan } from './plan.ts'
import { Stage } from './stage.ts'

const PLAN: Plan = {
  seed: 'overheard',
  store: 'memory',
  devices: [],
  faults: {},
  serverLimits: {},
  steps: [],
  eavesdrops: true,
}
const DEVICE = { slots: 1, isLive: true, limits: {} }

test('whatever is repeated under another name is refused', async () => {
  const stage = new Stage(PLAN)
  const actors = [stage.addActor(DEVICE), stage.addActor(DEVICE)]
  for (const actor of actors) await stage.open(actor)
  const dice = seededRandom('attacks')
  for (let round = 0; round < 90; round++) {
    // Who connects again names the replica that it wrote with meanwhile.
    if (round % 10 === 9) stage.world.crashServer()
    for (const actor of actors) await PEOPLE.write(stage, actor, dice)
    await stage.world.advance(2000)
    await attack(stage, dice.fork(`${round}`))
    await stage.world.advance(2000)
  }
  const impostors = new Set(stage.story.flatMap((line) => /(\w+ repeats a \w+) of/.exec(line)?.[1] ?? []))
  expect([...impostors].toSorted()).toEqual([
    'D0 repeats a pull',
    'D0 repeats a push',
    'D0 repeats a subscribe',
    'D1 repeats a pull',
    'D1 repeats a push',
    'D1 repeats a subscribe',
    'mallory repeats a pull',
    'mallory repeats a push',
    'mallory repeats a subscribe',
    'reader repeats a push',
    'writer repeats a pull',
    'writer repeats a subscribe',
  ])
  expect(stage.violations).toEqual([])
  expect(stage.world.faults.effects.hostile).toBeGreaterThan(60)
})
