import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { SoakFigures } from './figures.ts'

const run = promisify(execFile)

test('a hundred subscribers whose sockets are cut at any moment, and then all at once, end equal to the server', async () => {
  const size = ['--minutes', '0.17', '--sockets', '100', '--spaces', '10', '--writes', '100']
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'main.ts'), '--json', ...size])
  const figures = JSON.parse(stdout) as SoakFigures
  expect(figures).toMatchObject({
    equal: 100,
    different: [],
    failures: [],
    herd: { cut: 100, equal: 100, different: [] },
  })
  expect(figures.writes).toBeGreaterThan(0)
  // Each write to the others of its space, but for what came by a pull as a state.
  expect(figures.seen.count).toBeGreaterThan(figures.writes)
})
