import { EMPTY_DIGEST, type SpaceRecord } from '@whisker/protocol'
import { expect, test } from 'vitest'
import { FrameParts } from './frame-parts.ts'
import { KeptFrames } from './kept-frames.ts'

const spaceAt = (head: number): SpaceRecord => ({
  exists: true,
  head,
  epochs: [],
  strategies: [],
  highestTime: 0,
  collected: 0,
  usage: { documents: 1, bytes: 1 },
  digest: EMPTY_DIGEST,
})

/** All that leads to a head, in one row of about so many bytes. */
function partsTo(head: number, bytes: number): FrameParts {
  const row = {
    collection: 'chapters',
    document: 'one',
    seq: head,
    tailStart: head,
    stateBytes: bytes,
    tailBytes: 0,
    version: [],
    tombstoneMs: undefined,
  }
  return new FrameParts({
    space: spaceAt(head),
    cursor: { epoch: undefined, since: head - 1, after: head - 1 },
    plan: { rows: [], since: head, after: head, more: false },
    rows: [{ row, withState: true, after: 0, tail: [], state: 'x'.repeat(bytes / 2) }],
    following: [],
    nowMs: 0,
  })
}

/** Whether a frame had to be read. */
async function isRead(kept: KeptFrames, name: string, head: number, bytes = 1000, since = head - 1): Promise<boolean> {
  let wasRead = false
  await kept.lend(spaceAt(head), name, async (frames) =>
    frames.from(since, async () => {
      wasRead = true
      return partsTo(head, bytes)
    }),
  )
  return wasRead
}

test('a frame is kept while the head of its space stays, and by where it begins', async () => {
  const kept = new KeptFrames()
  expect(await isRead(kept, 'stories', 7)).toBe(true)
  expect(await isRead(kept, 'stories', 7)).toBe(false)
  expect(await isRead(kept, 'stories', 7, 1000, 5)).toBe(true)
  expect(await isRead(kept, 'drafts', 7)).toBe(true)
  expect(await isRead(kept, 'stories', 8)).toBe(true)
  expect(await isRead(kept, 'stories', 7)).toBe(true)
})

test('a space that is forgotten takes up nothing', async () => {
  const kept = new KeptFrames()
  await isRead(kept, 'stories', 7)
  await isRead(kept, 'drafts', 7)
  const { size } = kept
  kept.forget('stories')
  expect(kept.size).toBe(size / 2)
  kept.forget('drafts')
  expect(kept.size).toBe(0)
})

test('a large frame is not kept, and of many the newest are', async () => {
  const kept = new KeptFrames()
  await isRead(kept, 'stories', 7, 100_000)
  expect(kept.size).toBe(0)
  for (let index = 0; index < 1000; index++) await isRead(kept, `space-${index}`, 7, 60_000)
  expect(kept.size).toBeLessThanOrEqual(16 * 1024 * 1024)
  expect(await isRead(kept, 'space-999', 7)).toBe(false)
  expect(await isRead(kept, 'space-0', 7)).toBe(true)
})
