import { setImmediate as macrotask } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Hand, headOf } from '../testing/hand.ts'
import type { FaultOptions } from './faults.ts'
import { SPACE, World } from './world.ts'

/** A world with faults that are off until a test wants them, and somebody in it who has met the server. */
async function met(faults: FaultOptions = {}): Promise<{ world: World; hand: Hand }> {
  const world = new World({ seed: 1, collections: {}, store: 'memory', faults })
  world.faults.isOn = false
  return { world, hand: await new Hand(world, 'ann').meet() }
}

/** What somebody is told who asks for something; faults strike on the way up, on the way down, or both. */
async function told(
  world: World,
  request: () => Promise<unknown>,
  [up, down]: readonly [up: boolean, down: boolean],
): Promise<unknown> {
  world.faults.isOn = up
  const answered = world.run(request)
  world.faults.isOn = down
  try {
    return await answered
  } catch (error) {
    return error
  } finally {
    world.faults.isOn = false
  }
}

const UP = [true, false] as const
const DOWN = [false, true] as const

describe.for(['truncate', 'corrupt'] as const)('%s', (fault) => {
  test('a damaged request or answer is an error, and nothing is lost', async () => {
    const { world, hand } = await met({ [fault]: 1 })
    hand.create('dragon')
    expect(await told(world, () => hand.push(), UP)).toMatchObject({ code: 'bad_request' })
    expect(await headOf(world)).toBe(0)
    expect(await told(world, () => hand.push(), DOWN)).toMatchObject({ code: 'bad_message' })
    expect(await headOf(world)).toBe(1)
    expect(await world.run(() => hand.push())).toMatchObject({ acknowledged: [{ counter: 1 }], from: undefined, to: 1 })
    expect(await headOf(world)).toBe(1)
  })

  test('wherever a message is damaged, it is not taken for whole', async () => {
    const { world, hand } = await met({ [fault]: 1 })
    for (const document of ['a', 'b', 'c']) hand.create(document)
    await world.run(() => hand.push())
    for (let round = 0; round < 100; round++) {
      expect(await told(world, () => hand.pull(), DOWN)).toMatchObject({ code: 'bad_message' })
    }
    expect(world.faults.effects).toEqual({ [fault]: 100 })
  })
})

test('a device whose way is cut knows it at once, and gets through when it is there again', async () => {
  const { world, hand } = await met()
  hand.way.isCut = true
  await expect(world.run(() => hand.pull(), 1000)).rejects.toMatchObject({ code: 'network' })
  expect(await hand.link.isAvailable()).toBe(false)
  hand.way.isCut = false
  expect(await hand.link.isAvailable()).toBe(true)
  expect((await world.run(() => hand.pull())).rows).toEqual([])
})

test('what gets lost on its way up is never taken, and waits for an answer in vain', async () => {
  const { world, hand } = await met()
  hand.create('dragon')
  hand.way.losesUp = true
  await expect(world.run(() => hand.push())).rejects.toMatchObject({ code: 'timeout' })
  expect(await headOf(world)).toBe(0)
})

test('what gets lost on its way down was taken all the same, and is taken once', async () => {
  const { world, hand } = await met()
  hand.create('dragon')
  hand.way.losesDown = true
  await expect(world.run(() => hand.push())).rejects.toMatchObject({ code: 'timeout' })
  expect(await headOf(world)).toBe(1)
  hand.way.losesDown = false
  expect(await world.run(() => hand.push())).toMatchObject({ from: undefined, to: 1 })
})

test('a dropped request never arrives, which is noticed at times', async () => {
  const { world, hand } = await met({ drop: 1 })
  hand.create('dragon')
  const codes = new Set<unknown>()
  for (let round = 0; round < 20; round++) {
    codes.add(((await told(world, () => hand.push(), UP)) as { readonly code: string }).code)
  }
  expect([codes, await headOf(world)]).toEqual([new Set(['network', 'timeout']), 0])
})

test('a push whose reply got lost was taken, and is taken once', async () => {
  const { world, hand } = await met({ reply_lost: 1 })
  hand.create('dragon')
  expect(await told(world, () => hand.push(), DOWN)).toBeInstanceOf(Error)
  expect([await headOf(world), world.faults.effects]).toEqual([1, { reply_lost: 1 }])
  expect(await world.run(() => hand.push())).toMatchObject({ from: undefined, to: 1 })
})

test('a push that arrives twice is stored once', async () => {
  const { world, hand } = await met({ duplicate: 1 })
  hand.create('dragon')
  await told(world, () => hand.push(), UP)
  await world.advance(60_000)
  expect([await headOf(world), world.faults.effects]).toEqual([1, { duplicate: 1 }])
})

test('what is sent later may be answered earlier', async () => {
  const { world, hand } = await met({ reorder: 1 })
  const answered: number[] = []
  world.faults.isOn = true
  const ask = async (number: number): Promise<void> => {
    await hand.link.version(SPACE)
    answered.push(number)
  }
  const numbers = Array.from({ length: 10 }, (_, number) => number)
  await world.run(() => Promise.all(numbers.map(ask)))
  expect(answered).not.toEqual(numbers)
  expect(answered.toSorted((a, b) => a - b)).toEqual(numbers)
})

test('a message that is late counts only if another has passed it', async () => {
  const { world, hand } = await met({ reorder: 1 })
  for (let round = 0; round < 5; round++) await told(world, () => hand.link.version(SPACE), [true, true])
  expect(world.faults.effects).toEqual({})
  world.faults.isOn = true
  await world.run(() => Promise.all(Array.from({ length: 10 }, () => hand.link.version(SPACE))))
  expect(world.faults.effects.reorder).toBeGreaterThan(0)
})

test('a server that was killed counts when somebody who knew it meets another', async () => {
  const { world, hand } = await met()
  world.host.crash('server_crash')
  world.host.start()
  await new Hand(world, 'bob').meet()
  expect(world.faults.effects).toEqual({})
  for (let round = 0; round < 2; round++) await world.run(() => hand.pull())
  expect(world.faults.effects).toEqual({ server_crash: 1 })
})

test('what is under way for too long is not waited for', async () => {
  const { world, hand } = await met({ delay: 1 })
  const codes = new Set<unknown>()
  for (let round = 0; round < 10; round++) {
    const answer = (await told(world, () => hand.link.version(SPACE), UP)) as { readonly code?: string }
    codes.add(answer.code)
  }
  expect(codes).toEqual(new Set([undefined, 'timeout']))
})

test('a cache answers a pull with the page of the one before', async () => {
  const { world, hand } = await met({ stale_reply: 1 })
  expect((await world.run(() => hand.pull())).rows).toHaveLength(0)
  hand.create('dragon')
  await world.run(() => hand.push())
  expect(await told(world, () => hand.pull(), DOWN)).toMatchObject({ rows: [] })
  expect((await world.run(() => hand.pull())).rows).toHaveLength(1)
})

test('a request that is under way when the server is killed fails, and the next one gets through', async () => {
  const { world, hand } = await met()
  const asked = world.run(() => hand.pull())
  await macrotask()
  world.crashServer()
  await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^(network|timeout)$/) })
  expect(await world.run(() => hand.link.version(SPACE))).toMatchObject({ head: 0 })
})

test('nobody is reached while no server runs', async () => {
  const { world, hand } = await met()
  world.host.crash()
  expect(await hand.link.isAvailable()).toBe(false)
  await expect(world.run(() => hand.pull())).rejects.toMatchObject({ code: 'network' })
})

test('who has no rights or no valid token is refused, and told why', async () => {
  const { world, hand } = await met()
  world.host.takeRights('ann', ['read'], true)
  await expect(world.run(() => hand.pull())).rejects.toMatchObject({ code: 'forbidden' })
  world.host.expired.add('ann')
  await expect(world.run(() => hand.pull())).rejects.toMatchObject({ code: 'needs_auth', details: { status: 401 } })
  expect(hand.refusals).toEqual(['forbidden', 'needs_auth'])
})

test('a request that was aborted ends at once, and its answer is not heard', async () => {
  const { world, hand } = await met()
  const control = new AbortController()
  const asked = world.run(() => hand.link.version(SPACE, { signal: control.signal }))
  control.abort()
  await expect(asked).rejects.toMatchObject({ code: 'aborted' })
  await expect(world.run(() => hand.link.version(SPACE, { signal: control.signal }))).rejects.toMatchObject({
    code: 'aborted',
  })
})

test('a closed link sends nothing more', async () => {
  const { world, hand } = await met()
  await hand.link.close()
  const { length } = hand.told
  await expect(world.run(() => hand.pull())).rejects.toMatchObject({ code: 'closed' })
  expect(hand.told).toHaveLength(length)
})
