import { expect, test } from 'vitest'
import { withSection } from './section.ts'

test('only what is between the marks of the section is replaced', () => {
  const document = 'before\n<!-- runs -->\nold\n<!-- /runs -->\nafter\n'
  expect(withSection(document, 'runs', ['a', 'b'])).toBe('before\n<!-- runs -->\n\na\nb\n\n<!-- /runs -->\nafter\n')
})

test('a document without the marks is refused', () => {
  expect(() => withSection('nothing', 'runs', ['new'])).toThrow('<!-- runs -->')
})
