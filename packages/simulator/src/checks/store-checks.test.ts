import { timestampAt } from '@whisker/protocol'
import { describe, expect, test } from 'vitest'
import { commit, documentRow, linkRecord, outboxRow, voidRow } from '../testing/device-commits.ts'
import { NOON_MS } from '../testing/operations.ts'
import { A, B, WatchedStore } from '../testing/space-changes.ts'
import { StoreChecks } from './store-checks.ts'

const [A1, A2, B1] = [
  { replica: A, counter: 1 },
  { replica: A, counter: 2 },
  { replica: B, counter: 1 },
]

interface Watched {
  readonly server: WatchedStore
  readonly checks: StoreChecks
  readonly epoch: string
}

/** A server that has an operation of A in "dragon" and one of B in "swan", and a device that is new. */
async function newDevice({ rots = false } = {}): Promise<Watched> {
  const server = new WatchedStore()
  const epoch = await server.begin()
  await server.take(A, 1, 1, 'dragon')
  await server.take(B, 1, 2, 'swan')
  return { server, epoch, checks: new StoreChecks('D0', server.checks, rots) }
}

const BOTH = [documentRow('dragon', [A1]), documentRow('swan', [B1])]

describe('what is held', () => {
  test('a device at the head holds what the server held there', async () => {
    const { checks, epoch } = await newDevice()
    const records = [linkRecord({ epoch, since: 2 })]
    expect(commit(checks, { records, documents: BOTH })).toBeUndefined()
    expect(commit(checks, { documents: [['stories', 'swan', undefined]] })).toBe('M10')
  })

  test.for([
    ['lacks a document', [documentRow('dragon', [A1])]],
    ['has a document more', [...BOTH, documentRow('owl', [A1])]],
    ['has an older version', [documentRow('dragon', [A1]), documentRow('swan', [A1])]],
    ['has it under another name', [documentRow('dragon', [A1]), documentRow('goose', [B1])]],
  ] as const)('a device at the head that %s breaks the rule', async ([, documents]) => {
    const { checks, epoch } = await newDevice()
    expect(commit(checks, { records: [linkRecord({ epoch, since: 2 })], documents })).toBe('M10')
  })

  test('a device that stands where the server stood holds what it held then', async () => {
    const { checks, epoch } = await newDevice()
    const records = [linkRecord({ epoch, since: 1 })]
    expect(commit(checks, { records, documents: [documentRow('dragon', [A1])] })).toBeUndefined()
    expect(commit(checks, { documents: BOTH })).toBe('M10')
  })

  test('a document without a confirmed state is none', async () => {
    const { checks, epoch } = await newDevice()
    const none = ['stories', 'owl', JSON.stringify([0, 0])] as const
    expect(commit(checks, { records: [linkRecord({ epoch, since: 2 })], documents: [...BOTH, none] })).toBeUndefined()
  })

  test.for([
    ['in the middle of a scan', { after: 1 }],
    ['that was told something later', { seen: 3 }],
    ['that scans from the start', { wantsOwn: true }],
    ['that follows an epoch nobody knows', { epoch: 'another' }],
  ] as const)('a device %s may hold something else', async ([, parts]) => {
    const { checks, epoch } = await newDevice()
    expect(commit(checks, { records: [linkRecord({ epoch, since: 2, ...parts })] })).toBeUndefined()
  })

  test('a device that offers a document may hold something else, until the offer is over', async () => {
    const { checks, epoch } = await newDevice()
    const records = [linkRecord({ epoch, since: 2 })]
    expect(commit(checks, { records, documents: [...BOTH, documentRow('owl', [A2], true)] })).toBeUndefined()
    expect(commit(checks, { documents: [documentRow('owl', [A2])] })).toBe('M10')
  })

  test('a device may hold something else where rows may vanish', async () => {
    const { checks, epoch } = await newDevice({ rots: true })
    expect(commit(checks, { records: [linkRecord({ epoch, since: 2 })] })).toBeUndefined()
  })

  test('a device may hold something else once tombstones were cleared up, also after the server went back', async () => {
    const { server, checks, epoch } = await newDevice()
    await server.put({ collected: 1, removed: [{ collection: 'stories', document: 'dragon' }] })
    expect(commit(checks, { records: [linkRecord({ epoch, since: 2 })] })).toBeUndefined()
    server.checks.wentBack(server.checks.copy())
    const next = await server.begin()
    expect(commit(checks, { records: [linkRecord({ epoch: next, since: 2 })] })).toBeUndefined()
  })

  test('a device that goes back is held against what it went back to', async () => {
    const { server, epoch } = await newDevice()
    const stored = {
      revision: 7,
      records: [linkRecord({ epoch, since: 1 })],
      documents: [BOTH[0] ?? documentRow('', [])],
    }
    const again = new StoreChecks('D0', server.checks, false)
    again.load({ ...stored, outbox: [], rejected: [] })
    expect(again.at).toEqual({ line: 0, since: 1 })
    expect(commit(again, { records: [linkRecord({ epoch, since: 2 })] })).toBe('M10')
  })
})

describe('the cursor', () => {
  test('does not fall within an epoch', async () => {
    const { checks, epoch } = await newDevice()
    commit(checks, { records: [linkRecord({ epoch, since: 2, after: 0 })] })
    expect(commit(checks, { records: [linkRecord({ epoch, since: 1, after: 0 })] })).toBe('M10')
  })

  test.for([
    ['for a scan from the start', { wantsOwn: true }],
    ['into another epoch', { epoch: 'another' }],
  ] as const)('falls %s', async ([, parts]) => {
    const { checks, epoch } = await newDevice()
    commit(checks, { records: [linkRecord({ epoch, since: 2, after: 0 })] })
    expect(commit(checks, { records: [linkRecord({ epoch, since: 0, after: 1, ...parts })] })).toBeUndefined()
  })

  test('stands somewhere only at the end of a scan', async () => {
    const { checks, epoch } = await newDevice()
    expect(checks.at).toBeUndefined()
    commit(checks, { records: [linkRecord({ epoch, since: 0, after: 1 })] })
    expect(checks.at).toBeUndefined()
    commit(checks, { records: [linkRecord({ epoch, since: 2 })], documents: BOTH })
    expect(checks.at).toEqual({ line: 0, since: 2 })
  })
})

describe('the outbox', () => {
  test('an operation leaves the outbox only when the server has it', async () => {
    const { checks } = await newDevice()
    expect(commit(checks, { outbox: [outboxRow(1, A, 1), outboxRow(2, A, 2)] })).toBeUndefined()
    expect(commit(checks, { outbox: [[1, undefined]] })).toBeUndefined()
    expect(commit(checks, { outbox: [[2, undefined]] })).toBe('M11')
  })

  test('an operation may take the place of another, and a void may go', async () => {
    const { checks } = await newDevice()
    commit(checks, { outbox: [outboxRow(1, A, 7), voidRow(2, A, 8)] })
    expect(commit(checks, { outbox: [outboxRow(1, B, 7)] })).toBeUndefined()
    expect(commit(checks, { outbox: [[2, undefined]] })).toBeUndefined()
  })

  test('what is behind the mark of what was acknowledged may go', async () => {
    const { checks, epoch } = await newDevice()
    commit(checks, { outbox: [outboxRow(1, A, 1)] })
    const records = [linkRecord({ epoch, since: 0, after: 1, acknowledged: { [A]: { counter: 1, check: 1001 } } })]
    expect(commit(checks, { records, outbox: [[1, undefined]] })).toBeUndefined()
    expect(checks.outbox.size).toBe(0)
  })

  test('what is held for acknowledged is what the server stored', async () => {
    expect(await marked(1, 1001)).toBeUndefined()
    expect(await marked(1, 1002)).toBe('M12')
    expect(await marked(2, 1002)).toBe('M12')
    expect(await marked(0, 0)).toBeUndefined()
  })

  test('the times of a replica rise', async () => {
    const { checks } = await newDevice()
    const noon = timestampAt(NOON_MS)
    expect(commit(checks, { outbox: [outboxRow(1, A, 1, noon), outboxRow(2, A, 2, noon + 1)] })).toBeUndefined()
    expect(commit(checks, { outbox: [outboxRow(3, B, 1, noon)] })).toBeUndefined()
    expect(commit(checks, { outbox: [outboxRow(4, A, 3, noon + 1)] })).toBe('M18')
  })

  test('the times of a replica fall when all that waits takes new ones, in order', async () => {
    const { checks } = await newDevice()
    const noon = timestampAt(NOON_MS)
    commit(checks, { outbox: [outboxRow(1, A, 1, noon), outboxRow(2, A, 2, noon + 1)] })
    expect(commit(checks, { outbox: [outboxRow(1, A, 1, 5), outboxRow(2, A, 2, 6)] })).toBeUndefined()
    expect(commit(checks, { outbox: [outboxRow(1, A, 1, 9)] })).toBe('M18')
  })

  test('what has left it is counted, voids apart', async () => {
    const { checks } = await newDevice()
    commit(checks, { outbox: [outboxRow(1, A, 1), voidRow(2, A, 2), outboxRow(3, A, 3)] })
    expect(checks.operations.map(({ counter }) => counter)).toEqual([1, 3])
    commit(checks, {
      outbox: [
        [1, undefined],
        [2, undefined],
        [9, undefined],
      ],
    })
    expect(checks.sent).toEqual({ entries: 2, operations: 1 })
  })

  test('what the server has is not unsent, nor what was refused', async () => {
    const { checks } = await newDevice()
    commit(checks, { outbox: [outboxRow(1, A, 1)] })
    expect(checks.hasUnsent(new Set())).toBe(false)
    commit(checks, { outbox: [outboxRow(2, A, 2)] })
    expect(checks.hasUnsent(new Set())).toBe(true)
    expect(checks.hasUnsent(new Set([`${A}:2`]))).toBe(false)
    expect(checks.hasUnsent(new Set([`${A}:7`]))).toBe(true)
  })

  test('a text waits as long as the operation that brought it, whoever writes it again', async () => {
    const { checks } = await newDevice()
    expect(checks.isWaiting('<w1>')).toBe(false)
    commit(checks, { outbox: [outboxRow(1, A, 1, undefined, '<w1>'), outboxRow(2, A, 2, undefined, '<w1> again')] })
    expect(checks.isWaiting('<w1>')).toBe(true)
    commit(checks, { outbox: [[1, undefined]] })
    expect(checks.isWaiting('<w1>')).toBe(false)
  })

  test('a text that a later write has overtaken does not wait', async () => {
    const { checks } = await newDevice()
    commit(checks, { outbox: [outboxRow(1, A, 1, undefined, '<w1>')] })
    commit(checks, { outbox: [voidRow(1, A, 1), outboxRow(2, A, 2, undefined, '<w2>')] })
    expect(checks.isWaiting('<w1>')).toBe(false)
  })

  test('a text that never was in the outbox before what was written over it does not wait where a form brings it back', async () => {
    const { checks } = await newDevice()
    commit(checks, { outbox: [voidRow(1, A, 1), outboxRow(2, A, 2, undefined, '<w2>')] })
    commit(checks, { outbox: [outboxRow(3, A, 3, undefined, '<w1> again')] })
    expect(checks.isWaiting('<w1>')).toBe(true)
    expect(checks.isWaiting('<w1>', ['<w2>'])).toBe(false)
  })

  test('a void has no time', async () => {
    const { checks } = await newDevice()
    const noon = timestampAt(NOON_MS)
    const rows = [outboxRow(1, A, 1, noon), voidRow(2, A, 2), outboxRow(3, A, 3, noon + 1)]
    expect(commit(checks, { outbox: rows })).toBeUndefined()
    expect(commit(checks, { outbox: [outboxRow(4, A, 4, noon)] })).toBe('M18')
  })
})

/** What a device breaks that holds so much of A for acknowledged. */
const marked = async (counter: number, check: number): Promise<string | undefined> => {
  const { checks, epoch } = await newDevice()
  return commit(checks, {
    records: [linkRecord({ epoch, since: 0, after: 1, acknowledged: { [A]: { counter, check } } })],
  })
}
