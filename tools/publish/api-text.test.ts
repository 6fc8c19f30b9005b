import { expect, test } from 'vitest'
import { tidied } from './api-text.ts'

test('of a report the declarations remain, and the imports that they need', () => {
  const report = [
    '## API Report File for "@whisker/p"',
    '',
    '```ts',
    '',
    "import { Clock } from '@whisker/protocol';",
    "import { Cursor } from '@whisker/protocol';",
    '',
    '// @public (undocumented)',
    'export interface Options {',
    '    // (undocumented)',
    '    readonly clock: Clock;',
    '}',
    '',
    '// (No @packageDocumentation comment for this package)',
    '',
    '```',
  ]
  expect(tidied(report.join('\n'))).toBe(
    [
      '```ts',
      "import { Clock } from '@whisker/protocol';",
      '',
      'export interface Options {',
      '    readonly clock: Clock;',
      '}',
      '```',
      '',
    ].join('\n'),
  )
})
