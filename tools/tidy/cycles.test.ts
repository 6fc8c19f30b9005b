import { expect, test } from 'vitest'
import { importCycles } from './cycles.ts'
import { treeWith, workingTree } from './tree.ts'

test('no files of a package import each other in a ring', () => {
  expect(importCycles(workingTree())).toEqual([])
})

test('a ring of imports is found', () => {
  const tree = treeWith({
    'packages/p/src/a.ts': `import './b.ts'`,
    'packages/p/src/b.ts': `export type { C } from './c.ts'`,
    'packages/p/src/c.ts': `import type { B } from './b.ts'`,
  })
  expect(importCycles(tree)).toEqual(['packages/p/src/b.ts → packages/p/src/c.ts → packages/p/src/b.ts'])
})
