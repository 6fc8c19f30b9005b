import { expect, test } from 'vitest'
import { optionsIn } from './options.ts'

test('without options the page and the server are where the help says', () => {
  expect(optionsIn([])).toMatchObject({ pagePort: 5173, syncPort: 8787, file: expect.stringMatching(/notes\.db$/) })
  expect(optionsIn(['--help'])).toBeUndefined()
})

test.each([['--page', 'x'], ['--sync', '70000'], ['--page', '-1'], ['--nope'], ['more']])(
  '%s %s is refused',
  (...args) => {
    expect(() => optionsIn(args.filter((one) => one !== undefined))).toThrow(
      /port|Unknown option|nexpected argument|ambiguous/,
    )
  },
)
