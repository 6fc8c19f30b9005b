import { expect, test } from 'vitest'
import layers from './layers.json' with { type: 'json' }
import { nodeImports } from './portable.ts'
import { treeWith, workingTree } from './tree.ts'

test('what runs everywhere imports nothing of Node', () => {
  expect(nodeImports(workingTree(), layers.portable)).toEqual([])
})

test('an import of Node in a portable file is found', () => {
  const tree = treeWith({
    'packages/engine/src/a.ts': `import { readFileSync } from 'node:fs'`,
    'packages/engine/src/a.test.ts': `import { readFileSync } from 'node:fs'`,
    'packages/transport-ws/src/index.ts': `import './socket.ts'`,
    'packages/transport-ws/src/socket.ts': `import net from 'net'`,
    'packages/transport-ws/src/node.ts': `import net from 'node:net'`,
  })
  expect(nodeImports(tree, layers.portable)).toEqual([
    "packages/engine/src/a.ts:1: node:fs is Node's alone",
    "packages/transport-ws/src/socket.ts:1: net is Node's alone",
  ])
})
