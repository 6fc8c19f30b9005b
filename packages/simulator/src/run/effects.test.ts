import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { ACCIDENTS } from './accidents.ts'
import { PEOPLE } from './actions.ts'
import { type Actor, Stage } from './stage.ts'

const DICE = seededRandom('effects')
const PLAN = { seed: 'effects', store: 'memory', devices: [], faults: {}, serverLimits: {}, steps: [] } as const

async function opened(): Promise<{ readonly stage: Stage; readonly actor: Actor }> {
  const stage = new Stage(PLAN)
  const actor = stage.addActor({ slots: 1, isLive: false, limits: {} })
  await stage.open(actor)
  await write(stage, actor)
  return { stage, actor }
}

/** Not everything that people do is a write. */
async function write(stage: Stage, actor: Actor): Promise<void> {
  const { length } = stage.model.writes
  while (stage.model.writes.length === length) await PEOPLE.write(stage, actor, DICE)
  await stage.world.advance(1000)
}

test('a wrong clock counts once something is written by it', async () => {
  const { stage, actor } = await opened()
  await ACCIDENTS.clock_jump?.(stage, actor, DICE)
  expect(stage.world.faults.effects).toEqual({})
  await write(stage, actor)
  await write(stage, actor)
  expect(stage.world.faults.effects).toEqual({ clock_jump: 1 })
})

test('a clock that stood still while nobody wrote does not count', async () => {
  const { stage, actor } = await opened()
  await ACCIDENTS.clock_freeze?.(stage, actor, DICE)
  actor.device.wall.frozenAtMs = undefined
  await write(stage, actor)
  expect(stage.world.faults.effects).toEqual({})
})

test('a copied device counts once both have written', async () => {
  const { stage, actor } = await opened()
  await ACCIDENTS.device_cloned?.(stage, actor, DICE)
  const [, clone] = stage.actors
  await write(stage, actor)
  expect(stage.world.faults.effects).toEqual({})
  await write(stage, clone as Actor)
  expect(stage.world.faults.effects).toEqual({ device_cloned: 1 })
})
