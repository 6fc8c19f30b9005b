import { expect, test } from 'vitest'
import { readSoakOptions } from './options.ts'

test('without options two thousand sockets follow two hundred spaces for ten minutes', () => {
  expect(readSoakOptions([])).toMatchObject({ minutes: 10, sockets: 2000, spaces: 200, writes: 500, isRecorded: false })
})

test('a part of a minute is one, and what is no number is refused', () => {
  expect(readSoakOptions(['--minutes', '0.5']).minutes).toBe(0.5)
  expect(() => readSoakOptions(['--minutes', '0'])).toThrow('--minutes takes a number above 0')
  expect(() => readSoakOptions(['--writes', 'many'])).toThrow('--writes takes a whole number')
})

test('more spaces than sockets are refused', () => {
  expect(() => readSoakOptions(['--sockets', '10', '--spaces', '11'])).toThrow('at most as many as there are sockets')
})
