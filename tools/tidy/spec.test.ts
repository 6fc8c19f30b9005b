import { expect, test } from 'vitest'
import { untestedRules } from './spec.ts'
import { treeWith, workingTree } from './tree.ts'

test('every numbered rule of a SPEC.md names a test that exists', () => {
  expect(untestedRules(workingTree())).toEqual([])
})

test('a rule without its test is found', () => {
  const tree = treeWith({
    'packages/p/SPEC.md': [
      '## Clock',
      '**C1.** Rises. **Test:** `clock.test.ts` "it rises"',
      '- **C2** Falls, over several',
      '  lines. **Test:** `src/clock.test.ts` "it\'s',
      '  falling", `clock.test.ts` "never"',
      '### C3 Stands',
      'Says nothing of a test.',
      '## HTTP',
      'SHA256 is a hash, no rule.',
      '**C4.** Gone. **Test:** `gone.test.ts` "gone"',
    ].join('\n'),
    'packages/q/SPEC.md': '1. No numbered rule.',
    'packages/p/src/clock.test.ts': `test('it rises', f); test('it\\'s falling', f)`,
  })
  expect(untestedRules(tree)).toEqual([
    'packages/p/SPEC.md:3: C2 names "never", which is not in clock.test.ts',
    'packages/p/SPEC.md:6: C3 names no test (**Test:** `file.test.ts` "title")',
    'packages/p/SPEC.md:10: C4 names gone.test.ts, which is not there',
    'packages/q/SPEC.md: has no numbered rule (**P1.** …)',
  ])
})
