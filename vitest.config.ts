import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const workspaces = [
  ...['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).map((name) => `${folder}/${name}`),
  ),
  'bench',
  'tools',
]

const longTests = '**/*.long.test.ts'
const packedTests = '**/*.packed.test.ts'
const neverTests = ['**/node_modules/**', '**/dist/**']

const nameOf = (root: string): string =>
  (JSON.parse(readFileSync(join(import.meta.dirname, root, 'package.json'), 'utf8')) as { name: string }).name

// `vitest run` is everything but these two; `vitest run --mode long` is the long tests alone, `vitest run --mode packed` those of
// the packages as npm would get them.
export default defineConfig(({ mode }) => {
  const long = mode === 'long'
  const packed = mode === 'packed'
  const slow = long || packed
  return {
    test: {
      passWithNoTests: long,
      projects: workspaces.map((root) => ({
        extends: true as const,
        root,
        test: {
          name: nameOf(root),
          include: [long ? longTests : packed ? packedTests : '**/*.test.ts'],
          exclude: slow ? neverTests : [...neverTests, longTests, packedTests],
          globalSetup: packed ? join(import.meta.dirname, 'tools/publish/pack.setup.ts') : [],
          // Generous, because tests start processes and the machine may be busy.
          testTimeout: slow ? 600_000 : 30_000,
          hookTimeout: 30_000,
        },
      })),
    },
  }
})
