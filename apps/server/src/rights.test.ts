import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Authorize } from '@whisker/server'
import { expect, test } from 'vitest'
import { readRights } from './rights.ts'
import { newFolder } from './testing/folder.ts'

const withRules = (rules: unknown): Authorize => {
  const file = join(newFolder(), 'rights.json')
  writeFileSync(file, typeof rules === 'string' ? rules : JSON.stringify(rules))
  return readRights(file).authorize
}

test('by itself everybody has the spaces that begin with their name', () => {
  const { authorize } = readRights('own')
  expect(authorize({ id: 'ada' }, 'ada', 'write')).toBe(true)
  expect(authorize({ id: 'ada' }, 'ada.novel', 'manage')).toBe(true)
  expect(authorize({ id: 'ada' }, 'adam.novel', 'read')).toBe(false)
  expect(authorize({ id: 'ada' }, 'bob.novel', 'read')).toBe(false)
})

test('whose name has a dot in it has no spaces of their own: those are somebody else’s', () => {
  expect(readRights('own').authorize({ id: 'ada.b' }, 'ada.b.novel', 'read')).toBe(false)
})

test('all may do everything where that is said', () => {
  expect(readRights('all').authorize({ id: 'ada' }, 'bob.novel', 'manage')).toBe(true)
})

test('a file says who may do what, space by space', () => {
  const authorize = withRules([
    { principals: ['ada', 'bob'], spaces: ['novel', 'team.*'], may: ['read', 'write'] },
    { principals: ['*'], spaces: ['public'], may: ['read'] },
  ])
  expect(authorize({ id: 'ada' }, 'novel', 'write')).toBe(true)
  expect(authorize({ id: 'bob' }, 'team.plans', 'read')).toBe(true)
  expect(authorize({ id: 'bob' }, 'novel.two', 'read')).toBe(false)
  expect(authorize({ id: 'bob' }, 'novel', 'create')).toBe(false)
  expect(authorize({ id: 'eve' }, 'public', 'read')).toBe(true)
  expect(authorize({ id: 'eve' }, 'public', 'write')).toBe(false)
})

test.for<[string, unknown, string]>([
  ['no JSON', '[', 'WHISKER_RIGHTS='],
  ['no list', {}, 'Expected a list of rights'],
  ['a right that there is not', [{ principals: ['ada'], spaces: ['a'], may: ['delete'] }], 'may'],
  ['a rule for nobody', [{ principals: [], spaces: ['a'], may: ['read'] }], 'principals'],
  ['a star in the middle', [{ principals: ['ada'], spaces: ['a*b'], may: ['read'] }], 'at the end only'],
  ['a word that there is not', [{ principals: ['ada'], spaces: ['a'], may: ['read'], not: 1 }], 'not'],
])('a file with %s is refused', ([, rules, what]) => {
  const refused = { code: 'invalid_options', message: expect.stringContaining(what) }
  expect(() => withRules(rules)).toThrow(expect.objectContaining(refused))
})

test('a file that is not there is refused', () => {
  expect(() => readRights(join(newFolder(), 'none.json'))).toThrow(/WHISKER_RIGHTS=.*cannot be read/)
})

test('what is no JSON is told by its place, and not shown', () => {
  let told = ''
  try {
    withRules('[\n  "SECRET" {}\n]')
  } catch (error) {
    told = String(error)
  }
  expect(told).toContain('at line 2 column 12')
  expect(told).not.toContain('SECRET')
})
