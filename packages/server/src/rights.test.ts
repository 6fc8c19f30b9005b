import { type SyncStore, decodeRefusal, encodePull } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.ts'
import type { Principal } from './principal.ts'
import type { Authorize, Recheck, ServerOptions } from './server-options.ts'
import { FrameReader, settled } from './testing/frame-reader.ts'
import { manualClock } from './testing/manual-clock.ts'
import { SessionClient, sendThrough } from './testing/session-client.ts'
import { socketWorld } from './testing/socket-peer.ts'
import { TestClient } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

/** Who may do anything at present, and what was asked of whom. */
function people(...names: readonly string[]) {
  const allowed = new Set(names)
  const asked: string[] = []
  const authorize: Authorize = ({ id }, space, action) => {
    asked.push(`${id} ${action} ${space}`)
    return allowed.has(id)
  }
  return { allowed, asked, authorize, taken: () => asked.splice(0) }
}

/** A server without anything in it, as somebody sees it who asks for the version of a space. */
function askedBy(authorize: Authorize) {
  const { server, clock } = testServer({ authorize })
  const statusFor = async (principal: Principal, space = 'stories'): Promise<number> =>
    (await server.session(principal).version(space)).status
  return { server, clock, statusFor }
}

const scoped = (...scopes: readonly string[]): Principal => Object.assign({ id: 'anna' }, { scopes })

/** A question that is answered when the test says so. */
function slowAuthorize() {
  const waiting: ((isAllowed: boolean) => void)[] = []
  const authorize: Authorize = async () => new Promise<boolean>((resolve) => waiting.push(resolve))
  const answer = async (isAllowed: boolean): Promise<void> => {
    for (const resolve of waiting.splice(0)) resolve(isAllowed)
    await settled()
  }
  return { waiting, authorize, answer }
}

/** Anna and Carl, who listen, and Ben, who writes. */
async function annaAndCarlListen(authorize: Authorize, options: Partial<Omit<ServerOptions, 'clock'>> = {}) {
  const { server, clock } = testServer({ ...options, authorize })
  const [anna, carl, ben] = ['anna', 'carl', 'ben'].map((name) => new SessionClient(server, name, name)) as [
    SessionClient,
    SessionClient,
    SessionClient,
  ]
  const [toAnna, toCarl] = [new FrameReader(), new FrameReader()]
  for (const client of [anna, carl, ben]) await client.meet()
  await anna.listen(toAnna)
  await carl.listen(toCarl)
  const write = async (document: string): Promise<void> => {
    ben.create(document, {})
    await ben.push()
    await settled()
  }
  return { server, clock, anna, carl, ben, toAnna, toCarl, write }
}

describe('an answer', () => {
  test.each([true, false])('of %s is trusted for a second of the clock, and not longer', async (isAllowed) => {
    const { asked, authorize } = people(...(isAllowed ? ['anna'] : []))
    const { clock, statusFor } = askedBy(authorize)
    const expected = isAllowed ? 200 : 403
    expect(await statusFor({ id: 'anna' })).toBe(expected)
    clock.advance(999)
    expect([await statusFor({ id: 'anna' }), asked.length]).toEqual([expected, 1])
    clock.advance(1)
    expect([await statusFor({ id: 'anna' }), asked.length]).toEqual([expected, 2])
  })

  test('is as old as its question, however long it took', async () => {
    const { waiting, authorize, answer } = slowAuthorize()
    const { clock, statusFor } = askedBy(authorize)
    const first = statusFor({ id: 'anna' })
    await settled()
    clock.advance(999)
    const second = statusFor({ id: 'anna' })
    await settled()
    expect(waiting).toHaveLength(1)
    clock.advance(1)
    const third = statusFor({ id: 'anna' })
    await settled()
    expect(waiting).toHaveLength(2)
    await answer(true)
    expect(await Promise.all([first, second, third])).toEqual([200, 200, 200])
  })

  test('is for one principal, one space and one action', async () => {
    const { authorize, taken } = people('anna', 'ben')
    const { server, statusFor } = askedBy(authorize)
    await statusFor({ id: 'anna' })
    await statusFor({ id: 'ben' })
    await statusFor({ id: 'anna' }, 'drafts')
    await server.session({ id: 'anna' }).push('stories', {})
    expect(taken()).toEqual(['anna read stories', 'ben read stories', 'anna read drafts', 'anna create stories'])
  })

  test('is for a principal that is the same in all that it holds', async () => {
    const asked: Principal[] = []
    const { statusFor } = askedBy((principal) => {
      asked.push(principal)
      return (principal as { scopes?: readonly string[] }).scopes?.includes('all') === true
    })
    expect(await statusFor(scoped('all'))).toBe(200)
    expect(await statusFor(scoped('all'))).toBe(200)
    expect(asked).toHaveLength(1)
    expect(await statusFor(scoped('none'))).toBe(403)
  })

  test('that fails is not kept', async () => {
    let failures = 1
    const { statusFor } = askedBy(() => {
      if (failures-- > 0) throw new Error('The directory does not answer.')
      return true
    })
    expect([await statusFor({ id: 'anna' }), await statusFor({ id: 'anna' })]).toEqual([500, 200])
  })

  test('is forgotten when the principal makes the space', async () => {
    const owners = new Set<string>()
    const { server, statusFor } = askedBy(({ id }, space, action) => {
      if (action === 'create') owners.add(id)
      return space === 'open-to-all' || owners.has(id)
    })
    const { epoch } = await new TestClient(sendThrough(server.session({ id: 'anna' })), 'anna', 'open-to-all').meet()
    expect([await statusFor({ id: 'anna' }), await statusFor({ id: 'ben' })]).toEqual([403, 403])
    const anna = Object.assign(new SessionClient(server, 'anna', 'anna'), { epoch })
    anna.create('one', {})
    await anna.push()
    expect([await statusFor({ id: 'anna' }), await statusFor({ id: 'ben' })]).toEqual([200, 403])
  })

  test('that never comes fails after ten seconds, and is asked for again', async () => {
    const { waiting, authorize, answer } = slowAuthorize()
    const { clock, statusFor } = askedBy(authorize)
    const first = statusFor({ id: 'anna' })
    await settled()
    clock.advance(10_000)
    expect(await first).toBe(503)
    const second = statusFor({ id: 'anna' })
    await settled()
    expect(waiting).toHaveLength(2)
    await answer(true)
    expect(await second).toBe(200)
  })

  test('lasts no longer on a clock that is put back', async () => {
    const { asked, authorize } = people('anna')
    const { clock, statusFor } = askedBy(authorize)
    await statusFor({ id: 'anna' })
    clock.advance(-3_600_000)
    await statusFor({ id: 'anna' })
    expect(asked).toHaveLength(2)
  })

  test('is forgotten when ten thousand others are known that are newer', async () => {
    const { asked, authorize } = people()
    const { statusFor } = askedBy(authorize)
    await statusFor({ id: 'anna' })
    for (let number = 1; number < 10_000; number++) await statusFor({ id: `p${number}` })
    await statusFor({ id: 'anna' })
    expect(asked).toHaveLength(10_000)
    await statusFor({ id: 'one-too-many' })
    await statusFor({ id: 'p9999' })
    expect(asked).toHaveLength(10_001)
    await statusFor({ id: 'anna' })
    expect(asked).toHaveLength(10_002)
  })
})

describe('a right that ends', () => {
  test('ends its subscriptions within a minute, though nothing changes in the space', async () => {
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { clock, toAnna, toCarl } = await annaAndCarlListen(authorize)
    for (let minute = 0; minute < 3; minute++) {
      clock.advance(60_000)
      await settled()
    }
    expect([toAnna.ended, toCarl.ended]).toEqual([undefined, undefined])
    clock.advance(30_000)
    allowed.delete('anna')
    clock.advance(30_000)
    await settled()
    expect(toAnna.ended).toMatchObject({ code: 'forbidden', message: 'There is no such space for you.' })
    expect(toCarl.ended).toBeUndefined()
    expect([toAnna.told, toCarl.told]).toEqual([[], []])
  })

  test('is told nothing a second later, and its subscription ends with the next change', async () => {
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { clock, toAnna, toCarl, write } = await annaAndCarlListen(authorize)
    allowed.delete('anna')
    clock.advance(1000)
    await write('one')
    expect([toAnna.told, toAnna.ended?.code]).toEqual([[], 'forbidden'])
    expect(toCarl.outline).toEqual([[0, 1, 'one']])
  })

  test('is asked for once a minute for all subscriptions of a principal to a space', async () => {
    const { authorize, taken } = people('anna', 'ben', 'carl')
    const { clock, anna } = await annaAndCarlListen(authorize)
    await anna.listen(new FrameReader())
    taken()
    clock.advance(60_000)
    await settled()
    expect(taken().toSorted()).toEqual(['anna read stories', 'carl read stories'])
  })

  test('while a frame is read is the end of the subscription, before that frame', async () => {
    const inner = memoryStore()
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    let reading: Promise<void> | undefined
    const store: SyncStore = {
      ...inner,
      async read(space, work) {
        const result = await inner.read(space, work)
        await reading
        return result
      },
      async write(space, work) {
        const result = await inner.write(space, work)
        reading = gate
        return result
      },
    }
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { clock, toAnna, toCarl, write } = await annaAndCarlListen(authorize, { store })
    await write('one')
    expect([toAnna.told, toCarl.told]).toEqual([[], []])
    allowed.delete('anna')
    clock.advance(1000)
    open()
    await settled()
    expect([toAnna.told, toAnna.ended?.code]).toEqual([[], 'forbidden'])
    expect([toCarl.outline, toCarl.ended]).toEqual([[[0, 1, 'one']], undefined])
  })

  test('is no reason to end a subscription of which the question fails: it is told no change, and asked for again', async () => {
    let answer: 'yes' | 'no' | 'fails' = 'yes'
    const { clock, toAnna, write } = await annaAndCarlListen(({ id }) => {
      if (id !== 'anna' || answer === 'yes') return true
      if (answer === 'no') return false
      throw new Error('The directory does not answer.')
    })
    answer = 'fails'
    clock.advance(1000)
    await settled()
    await write('one')
    expect([toAnna.outline, toAnna.ended]).toEqual([['hint'], undefined])
    answer = 'yes'
    clock.advance(1000)
    await settled()
    await write('two')
    expect(toAnna.outline).toEqual(['hint', [0, 2, 'one', 'two']])
    answer = 'no'
    clock.advance(1000)
    await write('three')
    expect(toAnna.ended).toMatchObject({ code: 'forbidden' })
  })

  test('is noticed by a pull that waited, before it is answered', async () => {
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { server, anna, write } = await annaAndCarlListen(authorize)
    const { session } = new SessionClient(server, 'anna', 'anna')
    const pulled = session.pull('stories', encodePull({ ...anna.pullRequest(), waitMs: 20_000 }))
    await settled()
    allowed.delete('anna')
    await server.recheck({ principal: 'anna' })
    await write('secret')
    const { status, text } = await pulled
    expect([status, decodeRefusal(JSON.parse(text))]).toMatchObject([403, { code: 'forbidden' }])
  })

  test('leaves no timer behind when its subscription is closed', async () => {
    const { authorize } = people('anna')
    const { server, clock } = testServer({ authorize })
    const anna = await new SessionClient(server, 'anna', 'anna').meet()
    const subscription = anna.subscribe(new FrameReader())
    await subscription.began
    expect(clock.waiting).toBe(1)
    clock.advance(60_000)
    await settled()
    expect(clock.waiting).toBe(1)
    subscription.close()
    expect(clock.waiting).toBe(0)
  })
})

describe('recheck', () => {
  const cases: readonly (readonly [whose: Recheck | undefined, ended: readonly string[]])[] = [
    [undefined, ['anna', 'carl']],
    [{}, ['anna', 'carl']],
    [{ principal: 'anna' }, ['anna']],
    [{ space: 'stories' }, ['anna', 'carl']],
    [{ space: 'drafts' }, []],
    [{ principal: 'carl', space: 'stories' }, ['carl']],
    [{ principal: 'carl', space: 'drafts' }, []],
  ]
  test.each(cases)('of %o ends at once the subscriptions concerned that may not be any more', async (whose, ended) => {
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { server, toAnna, toCarl } = await annaAndCarlListen(authorize)
    allowed.clear()
    await server.recheck(whose)
    const [isAnna, isCarl] = [toAnna.ended !== undefined, toCarl.ended !== undefined]
    expect([...(isAnna ? ['anna'] : []), ...(isCarl ? ['carl'] : [])]).toEqual(ended)
  })

  test('forgets what is known, for requests too, and lets go on who may', async () => {
    const { allowed, authorize } = people('anna', 'ben', 'carl')
    const { server, anna, toCarl, write } = await annaAndCarlListen(authorize)
    allowed.delete('anna')
    await server.recheck()
    expect((await anna.pullRaw()).status).toBe(403)
    await write('one')
    expect(toCarl.outline).toEqual([[0, 1, 'one']])
  })

  test('has those asked again who were waiting for an answer', async () => {
    const { waiting, authorize, answer } = slowAuthorize()
    const { server, statusFor } = askedBy(authorize)
    const status = statusFor({ id: 'anna' })
    await settled()
    await server.recheck({ principal: 'anna' })
    await answer(true)
    expect(waiting).toHaveLength(1)
    await answer(false)
    expect(await status).toBe(403)
  })

  test('holds back what is about to be told until it is known', async () => {
    let answer: boolean | Promise<boolean> = true
    const { server, toAnna, toCarl, ben } = await annaAndCarlListen(({ id }) => id !== 'anna' || answer)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    answer = promise
    const rechecked = server.recheck({ principal: 'anna' })
    ben.create('secret', {})
    await ben.push()
    await settled()
    expect([toAnna.told, toAnna.ended, toCarl.told.length]).toEqual([[], undefined, 1])
    resolve(false)
    await rechecked
    expect([toAnna.told, toAnna.ended?.code]).toEqual([[], 'forbidden'])
  })

  test('ends what is told over a socket', async () => {
    const { allowed, authorize } = people('anna', 'ben')
    const clock = manualClock()
    const { server, peer } = await socketWorld({
      clock,
      authorize,
      authenticate: ({ headers }) => ({ id: headers.get('authorization')?.slice('Bearer '.length) ?? '' }),
    })
    const [a, b] = [await peer('anna'), await peer('ben')]
    const number = await a.subscribe(await a.client('anna'))
    const ben = await b.client('ben')
    allowed.delete('anna')
    await server.recheck({ principal: 'anna' })
    ben.create('secret', {})
    await ben.push()
    expect(await a.next('end', number)).toMatchObject({ refusal: { code: 'forbidden' } })
    await a.beat()
    expect(JSON.stringify(a.heard)).not.toContain('secret')
  })

  test('of what is none, or after the end, is refused', async () => {
    const { server } = askedBy(() => true)
    const wrong: readonly unknown[] = ['anna', { principal: '' }, { principal: { id: 'anna' } }, { spaces: 'stories' }]
    for (const whose of wrong) {
      await expect(server.recheck(whose as Recheck)).rejects.toMatchObject({ code: 'invalid_options' })
    }
    await server.close()
    await expect(server.recheck()).rejects.toMatchObject({ code: 'closed' })
  })
})
