import { expect, test } from 'vitest'
import { packagesOf, treeWith, workingTree, type Tree } from './tree.ts'

/** Every package looks the same inside; an app starts somewhere else. */
const missingFiles = (tree: Tree): string[] =>
  packagesOf(tree).flatMap((folder) =>
    ['README.md', 'package.json', 'tsconfig.json', ...(folder.startsWith('packages/') ? ['src/index.ts'] : [])]
      .map((file) => `${folder}/${file}`)
      .filter((path) => !tree.has(path)),
  )

test('every package has its README, its manifests and its entry', () => {
  expect(missingFiles(workingTree())).toEqual([])
})

test('an incomplete package is found', () => {
  const tree = treeWith({ 'packages/a/package.json': '{}', 'packages/a/src/index.ts': '', 'apps/b/README.md': '' })
  expect(missingFiles(tree)).toEqual([
    'apps/b/package.json',
    'apps/b/tsconfig.json',
    'packages/a/README.md',
    'packages/a/tsconfig.json',
  ])
})
