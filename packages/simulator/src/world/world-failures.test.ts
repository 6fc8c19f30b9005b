import { expect, test } from 'vitest'
import type { WorldOptions } from './world-options.ts'
import { World } from './world.ts'

const newWorld = (options: Partial<WorldOptions> = {}): World<{ stories: { title: string } }> =>
  new World({ seed: 1, collections: { stories: {} }, ...options })

test('who waits for a process that was killed is told which one it was, and what the others do', async () => {
  const world = newWorld()
  const laptop = await world.device({ name: 'laptop' })
  await world.device({ name: 'tablet' })
  const written = world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
  world.crash(laptop)
  await expect(written).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringMatching(/^It was not done .* laptop\.1 was killed; tablet\.1 is live, with 0 operations/),
    fix: expect.stringContaining('open the device'),
  })
})

test('what does not settle is told with its reason', async () => {
  const world = newWorld({
    validate: () => {
      throw new Error('boom')
    },
  })
  const laptop = await world.device({ name: 'laptop' })
  await world.run(() => laptop.collection('stories').create('dragon', { title: 'The Dragon' }))
  await expect(world.settle(5000)).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('laptop.1 has 1 operations to send, in trouble: server_error'),
  })
})

test('an engine that the app closed is none of the world any more, and the device can be opened again', async () => {
  const world = newWorld()
  const [laptop, tablet] = [await world.device({ name: 'laptop' }), await world.device()]
  await world.run(async () => laptop.engine.close())
  expect(laptop.openings).toEqual([])
  await world.run(() => tablet.collection('stories').create('dragon', { title: 'The Dragon' }))
  await world.settle()
  expect(laptop.openings.map(({ name }) => name)).toEqual(['laptop.2'])
  expect(laptop.collection('stories').get('dragon')).toEqual({ title: 'The Dragon' })
})

test('a device whose disk fails while it is opened is opened all the same', async () => {
  let failures = 0
  for (let seed = 1; seed <= 30; seed++) {
    const world = newWorld({ seed, faults: { disk_full: 0.3, disk_busy: 0.1, late_crash: 0.1 } })
    await world.device()
    failures += world.faults.effects.disk_full ?? 0
  }
  expect(failures).toBeGreaterThan(0)
})

test('a device that cannot be opened leaves nothing behind', async () => {
  const world = newWorld()
  await expect(world.device({ limits: { batchOperations: -1 } })).rejects.toMatchObject({ code: 'invalid_options' })
  expect(world.devices).toEqual([])
  await world.device()
  await world.settle()
})

test('a device of another world is refused', async () => {
  const stranger = await newWorld().device()
  const world = newWorld()
  for (const touch of [() => world.part(stranger), () => world.join(stranger), () => world.crash(stranger)])
    expect(touch).toThrow('Expected a device of this world.')
  await expect(world.open(stranger)).rejects.toMatchObject({ code: 'invalid_options' })
})
