import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { publintFindings, wrongTypes } from './check-package.ts'
import { run } from './run.ts'

async function tarballOf(exports: object, types = 'index.d.mts'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-wrong-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const manifest = { name: 'wrong', version: '1.0.0', type: 'module', license: 'MIT', exports }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'index.mjs'), 'export const a = 1\n')
  writeFileSync(join(folder, types), 'export declare const a = 1\n')
  return join(folder, (await run('npm', ['pack', '--silent'], { cwd: folder })).trim())
}

test('a file that is not in the tarball is found', async () => {
  const tarball = await tarballOf({ '.': { types: './gone.d.mts', default: './index.mjs' } })
  expect(await publintFindings(tarball)).toContainEqual(expect.stringContaining('./gone.d.mts'))
})

test('types of CommonJS for code of ES modules are found', async () => {
  const tarball = await tarballOf({ '.': { types: './index.d.cts', default: './index.mjs' } }, 'index.d.cts')
  expect(await wrongTypes(tarball)).toContainEqual(expect.stringContaining('CJS'))
})

test('a package without types is found', async () => {
  expect(await wrongTypes(await tarballOf({ '.': './index.mjs' }, 'index.txt'))).toEqual(['no types at all'])
})
