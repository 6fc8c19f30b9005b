import { afterAll, beforeAll, expect, test } from 'vitest'
import { seeded } from '../testing/seeded.ts'
import { KillRun } from './kill-run.ts'
import { DEVICE_POINTS, SERVER_POINTS } from './points.ts'

const SEED = 20_261_122
/** That hit something, those at the points among them. */
const KILLS = 20

/** One for all tests: each goes on with what the kills before have left. */
const run = new KillRun(seeded(SEED))
beforeAll(async () => run.begin())
afterAll(async () => run.close())

test.each(SERVER_POINTS)('a server that is killed at “%s” holds what it acknowledged', async (point) => {
  expect(await run.killAt(point)).toEqual([])
})

test.each(DEVICE_POINTS)('a device that is killed at “%s” holds what it was promised', async (point) => {
  expect(await run.killAt(point)).toEqual([])
})

test(
  'a process that is killed at any moment finds its file sound, with all that it promised',
  { timeout: 120_000 },
  async () => {
    const wrong: string[] = []
    while (run.effective < KILLS && wrong.length === 0) wrong.push(...(await run.killAtRandom()))
    expect(wrong).toEqual([])
  },
)

test('after all the kills, every device holds exactly what was written', { timeout: 60_000 }, async () => {
  expect(await run.end()).toEqual([])
  console.log(`${run.summary} (seed ${SEED})`)
})
