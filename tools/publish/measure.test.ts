import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from './measure.ts'

const manifest = (name: string) => JSON.stringify({ name, type: 'module', exports: './index.mjs', sideEffects: false })
const long = 'x'.repeat(500)

function projectWith(files: Readonly<Record<string, string>>): string {
  const project = mkdtempSync(join(tmpdir(), 'whisker-measure-'))
  onTestFinished(() => rmSync(project, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    const file = join(project, 'node_modules', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return project
}

const two = {
  'big/package.json': manifest('big'),
  'big/index.mjs': `export const big = (a) => a + '${long}'\nexport const unused = '${long}${long}'`,
  'small/package.json': manifest('small'),
  'small/index.mjs': `import { big } from 'big'\nimport fs from 'node:fs'\nexport const small = () => big(fs)`,
}

test('the parts of a bundle are the files that it takes something of, the largest first', async () => {
  const { parts } = await bundle(`export { small } from 'small'`, { project: projectWith(two) })
  expect(parts.map((part) => part.source).slice(0, 1)).toEqual(['big/index.mjs'])
  expect(parts.map((part) => part.source)).toContain('small/index.mjs')
  expect(parts[0]?.bytes).toBeGreaterThan(500)
  expect(parts[0]?.bytes).toBeLessThan(1000)
})

test('a package alone is measured without what it imports', async () => {
  const { parts } = await bundle(`export * from 'small'`, { project: projectWith(two), only: 'small' })
  expect(parts.map((part) => part.source)).not.toContain('big/index.mjs')
  expect(parts.map((part) => part.source)).toContain('small/index.mjs')
})

test('code that imports what is not there is refused', async () => {
  const measured = bundle(`export { small } from 'gone'`, { project: projectWith(two) })
  await expect(measured).rejects.toThrow('gone')
})
