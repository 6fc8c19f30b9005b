import type { Page } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { testServer } from './testing/test-server.ts'

const shape = (page: Page): string[] =>
  page.rows.map((row) => `${row.document}@${row.seq}${row.state ? ' state' : ''} +${row.operations.length}`)

test('a scan in small pages while others write loses nothing', async () => {
  const { client } = testServer()
  const writer = await client('writer')
  const reader = await client('reader')
  const held = new Map<string, number>()
  const expected = new Map<string, number>()
  for (let n = 0; n < 20; n++) writer.create(`d${n}`, { n })
  await writer.push()
  for (let round = 0; round < 200; round++) {
    if (round < 30) {
      writer.update(`d${(round * 7) % 20}`, 'n', 100 + round, {
        base: [{ replica: writer.replica, counter: round + 20 }],
      })
      if (round % 5 === 0) writer.create(`late${round}`, { n: round })
      const before = writer.outbox.map((entry) => ('document' in entry ? entry.document : ''))
      const { to } = await writer.push()
      for (const [index, document] of before.entries()) expected.set(document, to - before.length + 1 + index)
    }
    const page = await reader.pull({ limit: 2 })
    for (const row of page.rows) held.set(row.document, row.seq)
    if (!page.more && round > 30) break
  }
  for (const [document, seq] of expected) expect([document, held.get(document)]).toEqual([document, seq])
  expect(held.size).toBe(26)
  expect(reader.cursor.since).toBe(56)
})

test('since moves only on the page that says there is no more', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  for (const name of ['one', 'two', 'three']) anna.create(name, {})
  await anna.push()
  expect(await ben.pull({ limit: 1 })).toMatchObject({ since: 0, after: 1, more: true, head: 3 })
  expect(await ben.pull({ limit: 1 })).toMatchObject({ since: 0, after: 2, more: true })
  expect(await ben.pull({ limit: 1 })).toMatchObject({ since: 3, after: 3, more: false })
})

test('a page holds about as many bytes as a message, and always a row', async () => {
  const { client } = testServer({ limits: { messageBytes: 5000 } })
  const anna = await client('anna')
  const ben = await client('ben')
  for (const name of ['one', 'two', 'three']) {
    anna.create(name, { text: 'x'.repeat(3000) })
    await anna.push()
  }
  expect(shape(await ben.pull())).toEqual(['one@1 state +0'])
  expect(shape(await ben.pull())).toEqual(['two@2 state +0'])
  expect(await ben.pull()).toMatchObject({ more: false, since: 3 })
})

test('a page has what is stored as it was stored, and the names that return once', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { text: 'T' }, { time: 5 })
  anna.create('two', { text: 'T' }, { time: 5, collection: 'notes' })
  anna.create('three', { text: 'T'.repeat(100) }, { time: 5 })
  await anna.push()
  anna.update('three', 'text', 'U', { time: 6, base: [{ replica: anna.replica, counter: 3 }] })
  await anna.push()
  const page = JSON.parse(await (await ben.pullRaw()).text()) as Record<string, unknown>
  expect(page).not.toHaveProperty('epochs')
  expect(page).toMatchObject({ names: ['chapters', 'notes'], ids: [anna.replica] })
  expect(page['rows']).toEqual([
    [0, 'one', 1, [0, 1, 5, { text: 'T' }]],
    [1, 'two', 2, [0, 2, 5, { text: 'T' }]],
    [0, 'three', 4, [0, 3, 5, { text: 'T'.repeat(100) }], [[anna.replica], 1, 0, 4, 6, [0, 3], [[['text'], 'U']]]],
  ])
})

test('a row that is larger than a page travels alone', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('large', { text: 'x'.repeat(900_000) })
  anna.create('small', {})
  await anna.push()
  const page = await ben.pull({ limit: 1000 })
  expect(page.rows).toHaveLength(2)
})

test('nobody gets back what they wrote', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('own', { n: 1 })
  anna.create('shared', { n: 1 })
  await anna.push()
  await ben.pull()
  ben.update('shared', 'n', 2, { base: [{ replica: anna.replica, counter: 2 }] })
  await ben.push()
  anna.update('shared', 'n', 3, { base: [{ replica: anna.replica, counter: 2 }] })
  await anna.push()
  const page = await anna.pull()
  expect(shape(page)).toEqual(['shared@4 state +2'])
  expect(page).toMatchObject({ since: 4, more: false })
  anna.update('shared', 'n', 4, { base: [{ replica: anna.replica, counter: 3 }] })
  await anna.push()
  expect(await anna.pull()).toMatchObject({ rows: [], since: 5 })
})

test('what a client wrote but does not know to be taken is not left out', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  anna.create('one', {})
  anna.create('two', {})
  await anna.pushRaw()
  expect(shape(await anna.pull({ acknowledged: [{ replica: anna.replica, counter: 1 }] }))).toEqual(['two@2 state +0'])
})

test('who holds the state gets the operations after it, who does not gets both', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { text: 'x'.repeat(2000), n: 0 })
  await anna.push()
  await ben.pull()
  anna.update('one', 'n', 1, { base: [{ replica: anna.replica, counter: 1 }] })
  anna.update('one', 'n', 2, { base: [{ replica: anna.replica, counter: 2 }] })
  await anna.push()
  const page = await ben.pull()
  expect(shape(page)).toEqual(['one@3 +2'])
  expect(page.rows[0]?.operations.map((operation) => operation.dot.counter)).toEqual([2, 3])
  const carol = await client('carol')
  carol.cursor = { ...carol.cursor, since: 0, after: 0 }
  expect(shape(await carol.pull())).toEqual(['one@3 state +2'])
})

test('a tail that outgrows its state is folded into it', async () => {
  const { client } = testServer()
  const anna = await client('anna')
  const ben = await client('ben')
  anna.create('one', { n: 0 })
  await anna.push()
  await ben.pull()
  for (let n = 1; n <= 40; n++) {
    anna.update('one', 'n', n, { base: [{ replica: anna.replica, counter: n }] })
    await anna.push()
  }
  const page = await ben.pull()
  expect(page.rows[0]?.state).toBeDefined()
  expect(page.rows[0]?.operations.length).toBeLessThan(40)
  const [last] = [...(page.rows[0]?.operations ?? [])].reverse()
  expect(last?.delta[0]?.value ?? page.rows[0]?.state?.writes.find((write) => write.path[0] === 'n')?.value).toBe(40)
})

test('a space that nobody wrote yet is an empty page', async () => {
  const { client } = testServer()
  const anna = await client('anna', 'nowhere')
  const cursor = { epoch: undefined, since: 0, after: 0 }
  expect(await anna.pull({ cursor })).toMatchObject({
    rows: [],
    head: 0,
    since: 0,
    epochs: [{ id: anna.epoch, began: 0 }],
  })
})
