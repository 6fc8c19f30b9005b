import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newEntry } from './entry.ts'
import { keepEntry, lockState, readState } from './kept-state.ts'
import { newFolder } from './testing/simulate.ts'

const entryOf = (sources: string) => newEntry({ sources, commit: undefined, hasChanges: false }, '')

test('an entry takes the place of the one for the same sources, at the end', () => {
  const file = join(newFolder(), 'below', 'state.json')
  keepEntry(file, readState(file), entryOf('a'))
  keepEntry(file, readState(file), entryOf('b'))
  keepEntry(file, readState(file), { ...entryOf('a'), events: 7 })
  expect(readState(file).entries).toEqual([entryOf('b'), { ...entryOf('a'), events: 7 }])
})

test.for(['{"format":2}', '{"broken":', 'null'])('what is not such a state is refused, and stays: %s', (text) => {
  const file = join(newFolder(), 'state.json')
  writeFileSync(file, text)
  expect(() => readState(file)).toThrow(`${file} is expected to hold what earlier runs have kept`)
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('a folder in place of the state is refused with its name', () => {
  const folder = newFolder()
  expect(() => readState(folder)).toThrow(`${folder} cannot be read: EISDIR`)
})

test('two do not run into the same file, unless one of them is gone', () => {
  const file = join(newFolder(), 'state.json')
  const unlock = lockState(file)
  expect(() => lockState(file)).toThrow(`if that process is something else, remove ${file}.lock`)
  unlock()
  // More than the largest process id there is.
  writeFileSync(`${file}.lock`, '2147483647')
  lockState(file)()
})
