import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAILURES } from './failures.ts'
import { mutate } from './mutant.ts'
import { MUTANTS, mutantNamed } from './mutants.ts'

const ROOT = join(import.meta.dirname, '../../../..')

test.for(MUTANTS)('$name finds what it changes in the sources as they are', ({ edits }) => {
  for (const [file, meant] of Map.groupBy(edits, (edit) => edit.file)) {
    const source = readFileSync(join(ROOT, file), 'utf8')
    expect(mutate(source, meant)).not.toBe(source)
  }
})

test('each mutant has a name of its own', () => {
  const names = MUTANTS.map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  expect(names.filter((name) => !/^[a-z]+(_[a-z]+)*$/.test(name))).toEqual([])
})

test('each failure has a mutant that stands for it, and there are at least 25', () => {
  const rows = new Set(MUTANTS.map(({ row }) => String(row)))
  expect([...rows].sort()).toEqual(Object.keys(FAILURES).sort())
  expect(rows.size).toBeGreaterThanOrEqual(25)
})

test('an edit that no longer finds its place, or finds two, is refused', () => {
  const edit = { file: 'a.ts', find: 'one', replace: 'two' }
  expect(() => mutate('two', [edit])).toThrow('holds this 0 times')
  expect(() => mutate('one, one', [edit])).toThrow('holds this 2 times')
})

test('a mutant that does not exist is refused with the names of those that do', () => {
  expect(() => mutantNamed('no_such_mutant')).toThrow(MUTANTS[0]?.name)
})
