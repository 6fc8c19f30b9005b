import { expect, test } from 'vitest'
import { fencesOf, wrongFences } from './fences.ts'
import { treeWith, workingTree } from './tree.ts'

test('every ts block of every README type-checks', async () => {
  expect(await wrongFences(workingTree())).toEqual([])
})

test('a block is read with the names its comment declares, at its own lines', () => {
  const readme = [
    '# P',
    '<!-- ts: declare const url: string',
    'interface Story {} -->',
    '',
    '```ts',
    'open(url)',
    '```',
  ].join('\n')
  const [fence, ...others] = fencesOf(`${readme}\n\`\`\`sh\nls\n\`\`\`\n`)
  expect(others).toEqual([])
  expect(fence?.line).toBe(6)
  expect(fence?.code.split('\n').map((line) => line.trim())).toEqual([
    '',
    'declare const url: string',
    'interface Story {}',
    '',
    '',
    'open(url)',
    'export {}',
    '',
  ])
})

test('a wrong block is found', async () => {
  const readme = [
    '<!-- ts: declare const url: string -->',
    '```ts',
    'url.length',
    '```',
    '```ts',
    "const a: number = ''",
    '```',
  ].join('\n')
  expect(await wrongFences(treeWith({ 'tools/README.md': readme }))).toEqual([
    "tools/README.md(6,7): error TS2322: Type 'string' is not assignable to type 'number'.",
  ])
})
