import { expect, test } from 'vitest'
import { forbiddenImports, risingLayers } from './imports.ts'
import layers from './layers.json' with { type: 'json' }
import { treeWith, workingTree } from './tree.ts'

test('packages import downwards, by name, and declare what they import', () => {
  expect(forbiddenImports(workingTree(), layers)).toEqual([])
  expect(risingLayers(layers)).toEqual([])
})

test('a forbidden import is found', () => {
  const tree = treeWith({
    'packages/engine/package.json': '{ "name": "@whisker/engine", "dependencies": { "@whisker/protocol": "*" } }',
    'packages/engine/src/a.ts': `import type { A } from '@whisker/protocol'\nimport { b } from '../../protocol/src/b.ts'`,
    'packages/engine/src/b.ts': `export { c } from '@whisker/server'\nawait import('ky')\nimport fs from 'fs'`,
    'packages/engine/src/c.ts': `import { d } from './d.test.ts'\nimport { e } from '@whisker/engine'`,
    'packages/engine/src/d.test.ts': `import { e } from '@whisker/engine'\nimport { test } from 'vitest'`,
    'packages/server/package.json':
      '{ "name": "@whisker/server", "dependencies": { "@whisker/engine": "*", "ky": "*" } }',
    'packages/unheard-of/package.json': '{}',
  })
  expect(forbiddenImports(tree, layers)).toEqual([
    'packages/engine/src/a.ts:2: ../../protocol/src/b.ts leaves the package; import by package name',
    'packages/engine/src/b.ts:3: fs is written node:fs',
    'packages/engine/src/b.ts:1: @whisker/server is not declared in packages/engine/package.json',
    'packages/engine/src/b.ts:2: ky is not declared in packages/engine/package.json',
    'packages/engine/src/c.ts:1: ./d.test.ts is for tests only',
    'packages/engine/src/c.ts:2: @whisker/engine is this package; import the file',
    'packages/engine/src/d.test.ts:2: vitest is not declared in packages/engine/package.json',
    'packages/server/package.json: @whisker/engine is not for this layer',
    'packages/server/package.json: ky is not among the npm packages this package may use',
    'packages/unheard-of: has no line in tools/tidy/layers.json',
  ])
})

test('how a package is built may take what is there for development, and what runs may not', () => {
  const tree = treeWith({
    'apps/a/package.json': '{ "name": "@whisker/a", "devDependencies": { "tsdown": "*" } }',
    'apps/a/tsdown.config.ts': `import { defineConfig } from 'tsdown'`,
    'apps/a/src/some.config.ts': `import { defineConfig } from 'tsdown'`,
  })
  expect(forbiddenImports(tree, layers)).toEqual([
    'apps/a/src/some.config.ts:1: tsdown is not declared in apps/a/package.json',
  ])
})

test('a table that points upwards is found', () => {
  const upwards = {
    ...layers,
    packages: { low: { layer: 0, imports: ['high'], npm: [] }, high: { layer: 1, imports: [], npm: [] } },
  }
  expect(risingLayers(upwards)).toEqual(['low: high is not in a lower layer'])
})
