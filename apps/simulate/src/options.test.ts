import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

test('many runs begin at seed 1, for so many minutes or seeds', () => {
  expect(readOptions(['--minutes', '0.5'])).toMatchObject({ mode: 'campaign', amount: { minutes: 0.5 }, from: 1 })
  expect(readOptions(['--seeds', '6', '--from', '7'])).toMatchObject({ amount: { seeds: 6 }, from: 7 })
})

test('what does not go together is refused', () => {
  expect(() => readOptions([])).toThrow('One of --seed, --mutants, --minutes, --seeds, --record is expected.')
  expect(() => readOptions(['--seed', '3', '--workers', '2'])).toThrow('--workers does not go with --seed.')
  expect(() => readOptions(['--minutes', '3', '--seeds', '2'])).toThrow('--seeds does not go with --minutes.')
  expect(() => readOptions(['--minutes', '3', '--shrink'])).toThrow('--shrink does not go with --minutes.')
  expect(() => readOptions(['--minutes', '3', '--into', 'a.md'])).toThrow('--into goes with --record.')
})

test('a mistake that there is not is refused', () => {
  expect(() => readOptions(['--mutants', '--only', 'nope'])).toThrow('There is no mutant nope.')
})

test('numbers out of bounds are refused', () => {
  expect(() => readOptions(['--minutes', '0'])).toThrow('--minutes takes a number above 0, at most 10000, not 0.')
  expect(() => readOptions(['--seeds', '1.5'])).toThrow('--seeds takes a whole number from 1 to 1000000000, not 1.5.')
  expect(() => readOptions(['--minutes', '1', '--workers', '0'])).toThrow('--workers takes a whole number')
  expect(() => readOptions(['--seed', ''])).toThrow('--seed takes a text, not an empty one.')
})
