import { expect, test } from 'vitest'
import { ambientUses } from './ambient.ts'
import layers from './layers.json' with { type: 'json' }
import { treeWith, workingTree } from './tree.ts'

test('protocol, engine and server take time and chance only as Clock and Random', () => {
  expect(ambientUses(workingTree(), layers.ambient)).toEqual([])
})

test('time and chance from the air are found', () => {
  const tree = treeWith({
    'packages/engine/src/a.ts': [
      'const now = Date.now',
      '// Date.now() in a comment, and "setTimeout(" in a text, are not uses',
      'const text = "setTimeout(" + new Date(0).toISOString()',
      'const late = new Date()',
      'setTimeout(() => clock.now(), Math.random())',
      'globalThis.crypto.randomUUID()',
      'globalThis.setTimeout(late)',
    ].join('\n'),
    'packages/engine/src/a.test.ts': 'Date.now()',
    'packages/protocol/src/system.ts': 'Date.now()',
  })
  expect(ambientUses(tree, layers.ambient)).toEqual([
    'packages/engine/src/a.ts:1: Date.now',
    'packages/engine/src/a.ts:4: new Date()',
    'packages/engine/src/a.ts:5: setTimeout',
    'packages/engine/src/a.ts:5: Math.random',
    'packages/engine/src/a.ts:6: crypto.randomUUID',
    'packages/engine/src/a.ts:7: globalThis.setTimeout',
  ])
})
