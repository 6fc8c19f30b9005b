import { expect, test } from 'vitest'
import { treeWith, workingTree } from './tree.ts'
import { unwantedWords } from './words.ts'

test('no source holds `any`, `export *`, a silenced compiler or a note to finish it later', () => {
  expect(unwantedWords(workingTree())).toEqual([])
})

test('each unwanted word is found, and texts are left alone', () => {
  const tree = treeWith({
    'a.ts': [
      `export * from './b.ts'`,
      'const a: any = "TODO: any"',
      '// @ts-ignore',
      '/* FIXME */ const any = 1',
      '// @ts-expect-error says what it expects, in a test of types',
    ].join('\n'),
  })
  expect(unwantedWords(tree)).toEqual(['a.ts:1: export *', 'a.ts:2: any', 'a.ts:3: @ts-ignore', 'a.ts:4: FIXME'])
})
