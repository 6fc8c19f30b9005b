import { expect, test } from 'vitest'
import { seeded } from '../testing/seeded.ts'
import { KillRun } from './kill-run.ts'
import { DEVICE_POINTS, SERVER_POINTS } from './points.ts'

/** That hit something. */
const KILLS = 200
const SEED = 20_261_124

test(`${KILLS} kills, every second one at a point, lose nothing`, { timeout: 600_000 }, async () => {
  const run = new KillRun(seeded(SEED))
  const points = [...SERVER_POINTS, ...DEVICE_POINTS]
  try {
    await run.begin()
    for (let kill = 0; run.effective < KILLS; kill++) {
      const point = kill % 2 === 0 ? points[(kill / 2) % points.length] : undefined
      const wrong = point ? await run.killAt(point) : await run.killAtRandom()
      expect(wrong, `after kill ${kill + 1}`).toEqual([])
    }
    expect(await run.end()).toEqual([])
    console.log(`${run.summary} (seed ${SEED})`)
  } finally {
    await run.close()
  }
})
