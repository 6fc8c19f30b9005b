import { expect, test } from 'vitest'
import sizes from './sizes.json' with { type: 'json' }
import { wrongSizes } from './sizes.ts'
import { treeWith, workingTree } from './tree.ts'

test('no file is too long, and no exception is wider than it has to be', () => {
  expect(wrongSizes(workingTree(), sizes)).toEqual([])
})

test('a long file and a stale exception are found', () => {
  const tree = treeWith({ 'a.ts': '1\n2\n3\n', 'a.test.ts': '1\n2\n3\n', 'b.ts': '1\n2\n3', 'c.ts': '1' })
  const exceptions = ['b.ts', 'c.ts', 'd.ts'].map((file) => ({ file, lines: 3, reason: 'a fixture' }))
  expect(wrongSizes(tree, { source: 2, test: 3, exceptions })).toEqual([
    'd.ts: the exception is for nothing',
    'a.ts: 3 lines, 2 at most; ask what two things it is',
    'c.ts: 1 lines; lower or drop its exception of 3',
  ])
})
