import { sqliteStore } from '@whisker/server'
import { expect, test } from 'vitest'
import { copiedState } from './testing/copied-state.ts'
import { type Device, World, meet } from './testing/world.ts'

const everyTitle = ({ notes }: Device): unknown => [
  notes.get('x')?.title,
  notes.conflicts().flatMap(({ values }) => values.map(({ value }) => value)),
]

test('a store copied before it ever synced is two writers, also when the server is emptied between their first contacts', async () => {
  const world = new World()
  const first = await world.device()
  await first.notes.create('seed', { title: 'seed' })
  await first.engine.close()
  const b = await world.device({ state: await copiedState(first.state) })
  const a = await first.reopen()
  const c = await world.device()
  await a.notes.create('x', { title: 'from A' })
  world.clock.advance(10)
  await b.notes.create('x', { title: 'from B' })
  await a.sync()
  await c.sync()
  world.restart(sqliteStore(':memory:'))
  await b.sync()
  await meet(c, a, b)
  const late = await world.device()
  await late.sync()
  for (const device of [a, b, c, late]) {
    expect(everyTitle(device)).toEqual(['from B', ['from A', 'from B']])
    expect(device.notes.get('seed')).toEqual({ title: 'seed' })
    expect(device.engine.status.pending).toBe(0)
  }
  const [ofA, ofB] = [a, b].map(({ link }) => link.pushes.flatMap(({ replicas }) => replicas.map((one) => one.replica)))
  expect(ofA?.at(-1)).not.toBe(ofB?.at(-1))
})

test('a space is created by someone who may not read it before it exists', async () => {
  const spaces = new Set<string>()
  const world = new World({
    authenticate: () => ({ id: 'somebody' }),
    authorize: (_principal, space, action) => {
      if (action === 'create') spaces.add(space)
      return action !== 'read' || spaces.has(space)
    },
  })
  const device = await world.device({ token: () => 'token' })
  await device.notes.create('a', { title: 'One' })
  await device.sync()
  expect(device.engine.status.pending).toBe(0)
  const other = await world.device({ token: () => 'token' })
  await other.sync()
  expect(other.notes.get('a')).toEqual({ title: 'One' })
})

test('a device whose name is cut inside an emoji syncs', async () => {
  const device = await new World().device({ name: `${'n'.repeat(127)}😀` })
  await device.notes.create('a', { title: 'One' })
  expect(await device.sync()).toMatchObject({ pushed: 1 })
  expect(device.engine.device.name.isWellFormed()).toBe(true)
})
