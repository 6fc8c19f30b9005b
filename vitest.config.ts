import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const workspaces = [
  ...['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).map((name) => `${folder}/${name}`),
  ),
  'tools',
]

const longTests = '**/*.long.test.ts'
const neverTests = ['**/node_modules/**', '**/dist/**']

// `vitest run` is everything but the long tests, `vitest run --mode long` is the long tests alone.
export default defineConfig(({ mode }) => {
  const long = mode === 'long'
  return {
    test: {
      passWithNoTests: long,
      projects: workspaces.map((root) => ({
        extends: true as const,
        root,
        test: {
          name: root === 'tools' ? '@whisker/tools' : `@whisker/${root.split('/')[1]}`,
          include: [long ? longTests : '**/*.test.ts'],
          exclude: long ? neverTests : [...neverTests, longTests],
          // Generous, because tests start processes and the machine may be busy.
          testTimeout: long ? 600_000 : 30_000,
          hookTimeout: 30_000,
        },
      })),
    },
  }
})
