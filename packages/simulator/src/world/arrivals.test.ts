import { expect, test } from 'vitest'
import { Arrivals } from './arrivals.ts'

test('a message is overtaken if one that was sent later is there before it', () => {
  const arrivals = new Arrivals()
  const [first, second, third] = [arrivals.send(), arrivals.send(), arrivals.send()]
  expect([first, third, second].map((number) => arrivals.isOvertaken(number))).toEqual([false, false, true])
  expect(arrivals.isOvertaken(arrivals.send())).toBe(false)
})
