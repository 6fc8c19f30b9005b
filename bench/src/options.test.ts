import { expect, test } from 'vitest'
import { MEASURES, readOptions } from './options.ts'

test('without options every measure runs', () => {
  expect(readOptions([])).toMatchObject({ documents: 20_000, growth: 100_000, only: MEASURES, json: false })
})

test('chosen measures run in their own order', () => {
  expect(readOptions(['--only', 'live,upload']).only).toEqual(['upload', 'live'])
})

test('what is no measure and no number is refused', () => {
  expect(() => readOptions(['--only', 'upload,speed'])).toThrow('not speed')
  expect(() => readOptions(['--documents', '1e9'])).toThrow('--documents takes a whole number')
  expect(() => readOptions(['--rounds', '0'])).toThrow('--rounds takes a whole number')
})
