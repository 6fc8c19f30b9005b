import { expect, onTestFinished, test } from 'vitest'
import { Campaign, type CampaignOptions } from './campaign.ts'
import { newEntry } from './entry.ts'

const REVISION = { sources: 'a', commit: undefined, hasChanges: false }

function unruly(more: Partial<CampaignOptions>): Campaign {
  const campaign = new Campaign(newEntry(REVISION, ''), {
    from: 1,
    workers: 1,
    module: new URL('testing/unruly-worker.ts', import.meta.url),
    patienceMs: 2000,
    mayBegin: (begun) => begun < 4,
    isSame: () => true,
    onSeed: () => {},
    onFailure: () => {},
    onShrunk: () => {},
    ...more,
  })
  onTestFinished(() => campaign.end())
  return campaign
}

test('a seed that ends its process or does not end is a failure, and the next one runs', async () => {
  const campaign = unruly({})
  await campaign.run()
  const { failures, done, events, effects } = campaign.entry
  expect(failures.map(({ seed, rule }) => [seed, rule])).toEqual([
    ['2', 'crash'],
    ['3', 'hang'],
  ])
  expect(failures[0]?.message).toContain('out of cheese')
  expect({ done, events, effects }).toEqual({ done: [[1, 4]], events: 20, effects: { drop: 4 } })
})

test('a process is not replaced by one that would run other sources', async () => {
  const campaign = unruly({ isSame: () => false })
  await campaign.run()
  expect(campaign.stopped).toBe('The sources have changed since it began.')
  expect(campaign.entry.done).toEqual([[1, 2]])
})

test('the first three failures of a rule are shrunk', async () => {
  const shrunk: string[] = []
  const campaign = unruly({ from: 10, onShrunk: ({ seed }, { lines }) => shrunk.push(`${seed} ${lines.join()}`) })
  await campaign.run()
  expect(campaign.entry.failures.map(({ seed, rule, steps }) => [seed, rule, steps])).toEqual([
    ['10', 'M3', 5],
    ['11', 'M3', 5],
    ['12', 'M3', 5],
    ['13', 'M3', undefined],
  ])
  expect(shrunk).toEqual(['10 a story', '11 a story', '12 a story'])
})

test('what fails while seeds are counted ends the others, and their seeds have not failed', async () => {
  // Seed 3 does not end by itself.
  const campaign = unruly({ from: 3, workers: 2, onSeed: fail })
  await expect(campaign.run()).rejects.toThrow('no room')
  expect([campaign.entry.failures, campaign.entry.done]).toEqual([[], [[4, 4]]])
})

function fail(): never {
  throw new Error('no room')
}
