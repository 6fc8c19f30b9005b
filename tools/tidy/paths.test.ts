import { expect, test } from 'vitest'
import { missingPaths } from './paths.ts'
import { treeWith, workingTree } from './tree.ts'

test('every path that a document names exists', () => {
  expect(missingPaths(workingTree())).toEqual([])
})

test('a path that is gone is found, and what only looks like one is left alone', () => {
  const tree = treeWith({
    'docs/a.md': [
      '[here](../packages/p/src/a.ts#L3) [there](b.md) [web](https://example.org/x.ts) [below](#below)',
      '`packages/p/src/a.ts` `packages/*/src` `src/a.ts` `packages/q`',
      '`application/json` `@whisker/engine` `dist/index.mjs` `a/b` `../packages`',
      '```',
      '`packages/q` in a block',
      '```',
    ].join('\n'),
    'packages/p/README.md': '`src/a.ts` [a](./src/a.ts) `./src/b.ts`',
    'packages/p/src/a.ts': '',
  })
  expect(missingPaths(tree)).toEqual([
    'docs/a.md:1: b.md does not exist',
    'docs/a.md:2: src/a.ts does not exist',
    'docs/a.md:2: packages/q does not exist',
    'packages/p/README.md:1: ./src/b.ts does not exist',
  ])
})
