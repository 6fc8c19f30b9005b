import { expect, test } from 'vitest'
import { World } from './world.ts'

const newWorld = (faults: object = {}): World => new World({ seed: 1, collections: { stories: {} }, faults })

test.for([Number.NaN, Infinity, -5000, '1000', undefined])('%s is no time to let pass', async (given) => {
  const world = newWorld()
  const before = world.scheduler.nowMs
  const ms = given as number
  const refused = { code: 'invalid_options', message: expect.stringContaining('takes milliseconds from 0, not ') }
  await expect(world.advance(ms)).rejects.toMatchObject(refused)
  if (given !== undefined) {
    await expect(world.run(() => undefined, ms)).rejects.toMatchObject(refused)
    await expect(world.settle(ms)).rejects.toMatchObject(refused)
  }
  expect(world.scheduler.nowMs).toBe(before)
})

test.for([7, -1, Number.NaN, '0.5'])('a fault does not strike with the probability %s', (drop) => {
  expect(() => newWorld({ drop })).toThrow('The fault drop takes a probability from 0 to 1')
})

test('a fault that there is not is refused', () => {
  expect(() => newWorld({ dorp: 0.5 })).toThrow('No fault is called "dorp".')
})

test.for<[string, object, string]>([
  ['no seed', { seed: undefined }, 'takes a text or a number as `seed`, not undefined'],
  ['a seed that is no number', { seed: Number.NaN }, 'as `seed`, not NaN'],
  ['no collections', { collections: undefined }, 'as `collections`, not undefined'],
  ['a store that there is not', { store: 'postgres' }, 'as `store`, not "postgres"'],
  ['a time that is none', { rightsTakeMs: -1 }, 'takes milliseconds from 0 as `rightsTakeMs`, not -1'],
  ['an option that there is not', { fault: {} }, 'A world has no option "fault".'],
])('there is no world with %s', ([, options, message]) => {
  expect(() => new World({ seed: 1, collections: {}, ...options })).toThrow(message)
})

test.for<[string, object, string]>([
  ['no name', { name: '' }, 'takes a text that is not empty as `name`, not ""'],
  ['the name of another', { name: 'taken' }, 'There is a device "taken" already.'],
  ['an option that there is not', { live: false }, 'A device has no option "live".'],
])('there is no device with %s', async ([, options, message]) => {
  const world = newWorld()
  await world.device({ name: 'taken' })
  await expect(world.device(options)).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(message),
  })
  expect(world.devices).toHaveLength(1)
})

test('a fault that only a plan brings about is refused where there is no plan', async () => {
  await expect(newWorld({ drop: 0.1, server_crash: 1, poison: 1 }).device()).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('here there is none: server_crash, poison.'),
  })
})

test('a clock that is off by no number is refused', async () => {
  const device = await newWorld().device()
  expect(() => {
    device.wall.offsetMs = Number.NaN
  }).toThrow('A clock is off by milliseconds, not NaN.')
})
