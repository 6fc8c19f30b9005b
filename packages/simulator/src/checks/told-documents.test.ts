import { expect, test } from 'vitest'
import { type Seen, ToldDocuments } from './told-documents.ts'

const seen = (title: string, metadata: object = {}): Seen => ({ value: { title }, metadata })
const shown = (...documents: readonly (readonly [string, Seen])[]): ReadonlyMap<string, Seen> => new Map(documents)

test('whoever was told of every change misses nothing', () => {
  const told = new ToldDocuments([['stories/a', seen('One')]])
  expect(told.take('stories/a', { title: 'One' }, undefined)).toBeUndefined()
  expect(told.take('stories/b', undefined, seen('Two'))).toBeUndefined()
  expect(told.missed(shown(['stories/b', seen('Two')]))).toBeUndefined()
})

test('what was not told is missed: a document, its end, another value, other metadata', () => {
  const told = new ToldDocuments([['stories/a', seen('One')]])
  expect(told.missed(shown(['stories/a', seen('One')], ['stories/b', seen('Two')]))).toBe('stories/b')
  expect(told.missed(shown())).toBe('stories/a')
  expect(told.missed(shown(['stories/a', seen('Two')]))).toBe('stories/a')
  expect(told.missed(shown(['stories/a', seen('One', { pinned: true })]))).toBe('stories/a')
})

test('a change that does not go on from what was told before is wrong', () => {
  const told = new ToldDocuments([['stories/a', seen('One')]])
  expect(told.take('stories/a', { title: 'Two' }, seen('Three'))).toBe('stories/a is told to have been what it was not')
  expect(told.take('stories/b', { title: 'Two' }, seen('Three'))).toBe('stories/b is told to have been what it was not')
})
