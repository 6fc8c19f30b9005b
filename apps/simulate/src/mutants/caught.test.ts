import { expect, test } from 'vitest'
import { firstViolation } from './first-violation.ts'

const SEEDS = { from: 1, count: 20 }

test.for(['write_wins_by_arrival', 'cursor_before_apply', 'ack_before_commit'])(
  '%s breaks a rule within a few seeds, and the product as it is holds for all of them',
  async (name) => {
    const caught = await firstViolation(name, SEEDS)
    expect(caught?.rule).toMatch(/^M\d+$/)
    expect(await firstViolation(undefined, { from: SEEDS.from, count: caught?.seed ?? 0 })).toBeUndefined()
  },
)

test('a mutant that cannot be loaded is not one that was caught', async () => {
  await expect(firstViolation('no_such_mutant', SEEDS)).rejects.toThrow('does not load')
})
