import { setImmediate as nextTurn } from 'node:timers/promises'
import { type SyncStore, decodeRefusal, encodePull, encodePush } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.ts'
import type { Authorize, ServerOptions } from './server-options.ts'
import type { PullParameters, ServerSession } from './server-session.ts'
import { sqliteStore } from './sqlite-store.ts'
import { FrameReader, type Told, settled } from './testing/frame-reader.ts'
import { SessionClient, sendThrough } from './testing/session-client.ts'
import { TestClient } from './testing/test-client.ts'
import { testServer } from './testing/test-server.ts'

const MIB = 1024 * 1024

/** Anna, who listens, and Ben, who writes; both know the epoch. */
async function annaListens(options: Omit<Partial<ServerOptions>, 'clock'> = {}) {
  const { server, clock } = testServer(options)
  const anna = new SessionClient(server, 'anna')
  const ben = new SessionClient(server, 'ben')
  await anna.meet()
  await ben.meet()
  const reader = new FrameReader()
  const subscription = await anna.listen(reader)
  return { server, clock, anna, ben, reader, subscription }
}

async function write(client: SessionClient, ...documents: readonly string[]): Promise<void> {
  for (const document of documents) client.create(document, {})
  await client.push()
  await settled()
}

/** A store on which a test can lay its hand after each read and each write. */
function handledStore() {
  const inner = sqliteStore(':memory:')
  const hand: { afterRead?: (() => Promise<void>) | undefined; afterWrite?: (() => Promise<void>) | undefined } = {}
  const store: SyncStore = {
    ...inner,
    async read(space, work) {
      const result = await inner.read(space, work)
      await hand.afterRead?.()
      return result
    },
    async write(space, work) {
      const result = await inner.write(space, work)
      await hand.afterWrite?.()
      return result
    },
  }
  return { store, hand }
}

/** Something that the next who comes to it waits at. */
function gate(hand: (wait: () => Promise<void>) => void): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  let isTaken = false
  hand(async () => {
    if (isTaken) return
    isTaken = true
    await promise
  })
  return resolve
}

describe('frames', () => {
  test('lead from one to the next without a gap, and show what others wrote', async () => {
    const { ben, reader } = await annaListens()
    await write(ben, 'one')
    await write(ben, 'two', 'three')
    ben.update('one', 'title', 'One')
    await write(ben)
    expect(reader.outline).toEqual([
      [0, 1, 'one'],
      [1, 3, 'two', 'three'],
      [3, 4, 'one'],
    ])
    const [, , last] = reader.told
    expect(last).toMatchObject({ rows: [{ state: undefined, operations: [{ type: 'update' }] }], epochs: [] })
  })

  test('tell nothing of what came before', async () => {
    const { server, ben } = await annaListens()
    await write(ben, 'one')
    const late = new FrameReader()
    await new SessionClient(server, 'carol').listen(late)
    await write(ben, 'two')
    expect(late.outline).toEqual([[1, 2, 'two']])
  })

  test('repeat no nonce: they answer no request', async () => {
    const { anna, ben } = await annaListens()
    const reader = new FrameReader()
    const parameters = encodePull(anna.pullRequest({ nonce: 'nonce-of-subscribing' }))
    await anna.session.subscribe('stories', parameters, reader).began
    await write(ben, 'one')
    expect(reader.ended).toBeUndefined()
    expect(reader.told).toMatchObject([{ from: 0, since: 1 }])
    expect(reader.told[0]).not.toHaveProperty('nonce', 'nonce-of-subscribing')
  })

  test('tell of what is committed while the subscription begins', async () => {
    const { store, hand } = handledStore()
    const { anna, ben } = await annaListens({ store })
    const reader = new FrameReader()
    const open = gate((wait) => (hand.afterRead = wait))
    const { began } = anna.subscribe(reader)
    await settled()
    await write(ben, 'one')
    open()
    await began
    await settled()
    expect(reader.outline).toEqual([[0, 1, 'one']])
  })

  test('leave out what the same session pushed, and lead past it', async () => {
    const { anna, ben, reader } = await annaListens()
    await write(anna, 'own')
    await write(ben, 'other')
    anna.update('own', 'title', 'Mine')
    await write(anna)
    expect(reader.outline).toEqual([
      [0, 1],
      [1, 2, 'other'],
      [2, 3],
    ])
  })

  test('hold what another device pushed in the same session', async () => {
    const { anna, reader } = await annaListens()
    const tablet = new TestClient(sendThrough(anna.session), 'tablet')
    await tablet.meet()
    tablet.create('of-the-tablet', {})
    await tablet.push()
    await settled()
    expect(reader.outline).toEqual([[0, 1, 'of-the-tablet']])
  })

  test('hold in the next what is committed while one is being read', async () => {
    const { store, hand } = handledStore()
    const { ben, reader } = await annaListens({ store })
    const { promise, resolve } = Promise.withResolvers<() => void>()
    // The first read after a commit is for Anna's frame.
    hand.afterWrite = async () => {
      hand.afterWrite = undefined
      resolve(gate((wait) => (hand.afterRead = wait)))
    }
    await write(ben, 'one')
    await write(ben, 'two')
    await write(ben, 'three')
    expect(reader.outline).toEqual([])
    const open = await promise
    open()
    await settled()
    expect(reader.outline).toEqual([
      [0, 1, 'one'],
      [1, 3, 'two', 'three'],
    ])
  })

  test('come after the receipt of the push that they lead past, though others saw its commit before', async () => {
    const { store, hand } = handledStore()
    const { anna, ben, reader } = await annaListens({ store })
    const order: string[] = []
    reader.onSend = () => order.push('frame')
    const open = gate((wait) => (hand.afterWrite = wait))
    anna.create('own', {})
    const pushed = anna.session.push('stories', encodePush(anna.pushRequest())).then(() => order.push('receipt'))
    await settled()
    await write(ben, 'other')
    expect(order).toEqual([])
    open()
    await pushed
    await settled()
    expect(order).toEqual(['receipt', 'frame'])
    expect(reader.outline).toEqual([[0, 2, 'other']])
  })

  test('hold an own operation whose push failed, when another has taken its name', async () => {
    const inner = sqliteStore(':memory:')
    let isFull = false
    const store: SyncStore = {
      ...inner,
      write: async (space, work) =>
        inner.write(space, async (transaction) => {
          const result = await work(transaction)
          if (isFull) throw new Error('The disk is full.')
          return result
        }),
    }
    const { server, anna, reader } = await annaListens({ store })
    const clone = new SessionClient(server, 'anna')
    await clone.meet()
    isFull = true
    anna.create('lost', {})
    expect((await anna.pushRaw()).status).toBe(500)
    isFull = false
    await write(clone, 'cloned')
    expect(reader.outline).toEqual([[0, 1, 'cloned']])
  })
})

/** Follows the space as a client does: takes a frame that begins where it stands, and pulls at any other. */
async function follow(store: SyncStore, turn: () => Promise<void>, turns: number): Promise<readonly string[]> {
  let isSubscribing = false
  const authorize: Authorize = async ({ id }) => {
    const isSlow = isSubscribing && id === 'anna'
    if (isSlow) isSubscribing = false
    // Longer than a pull takes that comes after.
    const most = isSlow ? 30 : 0
    for (let past = 0; past < most; past++) await turn()
    return true
  }
  const { server } = testServer({ store, authorize })
  const ben = await new SessionClient(server, 'ben', 'ben').meet()
  const anna = await new SessionClient(server, 'anna', 'anna').meet()
  const known: string[] = []
  let work = Promise.resolve()
  const pull = async () => {
    known.push(...(await anna.pull()).rows.map(({ document }) => document))
  }
  const reader = new FrameReader()
  const hear = async (told: Told) => {
    if (told !== 'hint' && told.since <= anna.cursor.since) return
    if (told === 'hint' || told.from !== anna.cursor.since) return pull()
    known.push(...told.rows.map(({ document }) => document))
    anna.cursor = { ...anna.cursor, since: told.since, after: told.since }
    anna.seen = told.since
  }
  reader.onSend = (told) => {
    work = work.then(() => hear(told))
  }
  const pushing = (async () => {
    for (let past = 0; past < turns; past++) await turn()
    for (const document of ['one', 'two']) {
      ben.create(document, {})
      await ben.push()
    }
  })()
  isSubscribing = true
  anna.subscribe(reader)
  work = work.then(pull)
  await pushing
  await settled()
  await work
  return known
}

describe('whatever happens between subscribing and pulling', () => {
  test('nothing is missed, over a store in SQLite', async () => {
    for (let turns = 0; turns < 50; turns++) {
      const known = await follow(sqliteStore(':memory:'), async () => nextTurn(), turns)
      expect(known, `after ${turns} turns`).toEqual(['one', 'two'])
    }
  })

  test('nothing is missed, over a store in memory', async () => {
    for (let turns = 0; turns < 200; turns++) {
      const known = await follow(memoryStore(), async () => undefined, turns)
      expect(known, `after ${turns} turns`).toEqual(['one', 'two'])
    }
  })
})

describe('a hint', () => {
  test('takes the place of a frame that would be too much, and the next one leads on from the head', async () => {
    const { ben, reader } = await annaListens({ limits: { pageRows: 2 } })
    await write(ben, 'one', 'two', 'three')
    await write(ben, 'four')
    expect(reader.outline).toEqual(['hint', [3, 4, 'four']])
  })

  test('takes the place of rows that are more than a reader may leave waiting', async () => {
    const { ben, reader } = await annaListens()
    for (const document of ['one', 'two']) ben.create(document, { text: 'x'.repeat(0.6 * MIB) })
    await write(ben)
    expect(reader.outline).toEqual(['hint'])
  })

  test('takes the place of a change that could not be read, and the next frame tells it too', async () => {
    const { store, hand } = handledStore()
    const { ben, reader } = await annaListens({ store })
    hand.afterWrite = async () => {
      hand.afterRead = async () => {
        throw new Error('The disk is gone.')
      }
    }
    await write(ben, 'one')
    expect(reader.outline).toEqual(['hint'])
    hand.afterWrite = undefined
    hand.afterRead = undefined
    await write(ben, 'two')
    expect(reader.outline).toEqual(['hint', [0, 2, 'one', 'two']])
  })
})

describe('a reader who is too slow', () => {
  test('is told once to pull, and then nothing while more than a mebibyte waits for them', async () => {
    const { ben, reader } = await annaListens()
    reader.bufferedBytes = MIB + 1
    await write(ben, 'one')
    await write(ben, 'two')
    await write(ben, 'three')
    expect(reader.outline).toEqual(['hint'])
  })

  test('is told of what was left out after the hint once they have caught up, though nothing else happens', async () => {
    const { ben, reader, clock } = await annaListens()
    reader.bufferedBytes = MIB + 1
    await write(ben, 'one')
    await write(ben, 'two')
    clock.advance(1000)
    await settled()
    expect(reader.outline).toEqual(['hint'])
    reader.bufferedBytes = 0
    clock.advance(1000)
    await settled()
    expect(reader.outline).toEqual(['hint', 'hint'])
    // Nothing but that the right is asked for again.
    expect(clock.waiting).toBe(1)
    await write(ben, 'three')
    expect(reader.outline).toEqual(['hint', 'hint', [2, 3, 'three']])
  })

  test('gets frames again from where the hint left them, if nothing was left out after it', async () => {
    const { ben, reader } = await annaListens()
    reader.bufferedBytes = MIB + 1
    await write(ben, 'one')
    reader.bufferedBytes = MIB
    await write(ben, 'two')
    expect(reader.outline).toEqual(['hint', [1, 2, 'two']])
  })

  test('is let go when more than eight mebibytes wait for them', async () => {
    const { ben, reader, clock } = await annaListens()
    reader.bufferedBytes = 8 * MIB + 1
    await write(ben, 'one')
    expect(reader.told).toEqual([])
    expect(reader.ended).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/too slow/) })
    await write(ben, 'two')
    expect(clock.waiting).toBe(0)
  })

  test('is nobody who has a single large row before them', async () => {
    const limits = { documentBytes: 20 * MIB, operationBytes: 20 * MIB, messageBytes: 20 * MIB }
    const { ben, reader } = await annaListens({ limits })
    reader.onSend = (_, text) => (reader.bufferedBytes += text.length)
    ben.create('large', { text: 'x'.repeat(9 * MIB) })
    await write(ben)
    await write(ben, 'two')
    expect(reader.outline).toEqual([
      [0, 1, 'large'],
      [1, 2, 'two'],
    ])
    // All but a little of it has left; what has come since counts.
    reader.bufferedBytes = 100
    await write(ben, 'three')
    reader.bufferedBytes = MIB + 200
    await write(ben, 'four')
    expect(reader.outline.slice(2)).toEqual([[2, 3, 'three'], 'hint'])
    expect(reader.ended).toBeUndefined()
  })
})

describe('a subscription ends', () => {
  test('when the right to read is gone, before the frame of that change', async () => {
    let mayRead = true
    const { server, ben, reader } = await annaListens({ authorize: (_, __, action) => action !== 'read' || mayRead })
    await write(ben, 'one')
    mayRead = false
    void server.recheck()
    await write(ben, 'two')
    expect(reader.outline).toEqual([[0, 1, 'one']])
    expect(reader.ended).toMatchObject({ code: 'forbidden' })
  })

  test('when its device is revoked, at once', async () => {
    const { server, anna, ben, reader } = await annaListens()
    await write(anna, 'own')
    await server.revoke('stories', anna.device.id)
    await settled()
    expect(reader.ended).toMatchObject({ code: 'forbidden', message: 'There is no such space for you.' })
    await write(ben, 'two')
    expect(reader.outline).toEqual([[0, 1]])
  })

  test('when the server closes', async () => {
    const { server, anna, reader } = await annaListens()
    const closed = server.close()
    expect(reader.ended).toMatchObject({ code: 'unavailable', retryAfterMs: 10_000 })
    const late = new FrameReader()
    await anna.listen(late)
    expect(late.ended).toEqual(reader.ended)
    await closed
  })

  test('when the client closes it, without a word', async () => {
    const { anna, ben, reader, subscription } = await annaListens()
    const other = new FrameReader()
    await anna.listen(other)
    subscription.close()
    subscription.close()
    await write(ben, 'one')
    expect([reader.told, reader.ended]).toEqual([[], undefined])
    expect(other.outline).toEqual([[0, 1, 'one']])
  })

  test('when what it is sent through fails, and the others go on', async () => {
    const lines: string[] = []
    const { anna, ben, reader } = await annaListens({ log: (line) => lines.push(line) })
    const other = new FrameReader()
    await anna.listen(other)
    reader.onSend = () => {
      throw new Error('The socket is gone.')
    }
    await write(ben, 'one')
    await write(ben, 'two')
    expect([reader.told.length, other.told.length]).toEqual([1, 2])
    const ends = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(ends.filter(({ route }) => route === 'subscribe')).toMatchObject([{ status: 500, space: 'stories' }])
  })
})

test('a subscription that may not be begins and ends with the refusal of a pull', async () => {
  const { server, clock } = testServer({ authorize: (_, space) => space !== 'secret' })
  const ben = await new SessionClient(server, 'ben').meet()
  ben.create('one', {})
  await ben.push()
  const { session } = ben
  const stranger = server.session({ id: 'somebody' })
  const good = encodePull(ben.pullRequest())
  const cases: readonly (readonly [who: ServerSession, space: string, parameters: PullParameters])[] = [
    [session, 'a/b', good],
    [session, 'secret', good],
    [session, 'stories', {}],
    [session, 'stories', { ...good, v: '2' }],
    [session, 'stories', { ...good, at: '["epoch-unknown000",5]' }],
    [stranger, 'stories', good],
  ]
  const codes: string[] = []
  for (const [who, space, parameters] of cases) {
    const reader = new FrameReader()
    await who.subscribe(space, parameters, reader).began
    const { text } = await who.pull(space, parameters)
    expect(reader.ended).toEqual(decodeRefusal(JSON.parse(text)))
    codes.push(reader.ended?.code ?? 'none')
  }
  expect(codes).toEqual(['bad_request', 'forbidden', 'bad_message', 'unsupported_version', 'resync', 'wrong_principal'])
  expect(clock.waiting).toBe(0)
})
