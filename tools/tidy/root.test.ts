import { expect, test } from 'vitest'
import root from './root.json' with { type: 'json' }
import { treeWith, workingTree, type Tree } from './tree.ts'

const strangers = (tree: Tree, entries: readonly string[]): string[] =>
  [...new Set(tree.paths.map((path) => path.split('/')[0] ?? ''))].filter((entry) => !entries.includes(entry))

test('the root holds only what is on its list', () => {
  expect(strangers(workingTree(), root.entries)).toEqual([])
})

test('a stranger in the root is found', () => {
  expect(strangers(treeWith({ 'PLAN.md': '', 'docs/a.md': '', 'drafts/b.md': '' }), root.entries)).toEqual([
    'PLAN.md',
    'drafts',
  ])
})
