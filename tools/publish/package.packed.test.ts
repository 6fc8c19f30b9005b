import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { publintFindings, wrongTypes } from './check-package.ts'

const { packages, project } = inject('packed')

test.for(packages)('publint finds nothing in the tarball of $name', async ({ tarball }) => {
  expect(await publintFindings(tarball)).toEqual([])
})

test.for(packages)('a compiler finds the types of $name, as those of ES modules', async ({ tarball }) => {
  expect(await wrongTypes(tarball)).toEqual([])
})

test.for(packages)('the files of $name point at no map that is not among them', ({ name }) => {
  const installed = join(project, 'node_modules', name)
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((file) => /\.m?[jt]s$/.test(file))
  const maps = files.flatMap((file) => {
    const map = /^\/\/# sourceMappingURL=(.*)$/m.exec(readFileSync(join(installed, file), 'utf8'))?.[1]
    return map === undefined ? [] : [join(dirname(file), map)]
  })
  expect(maps.filter((map) => !existsSync(join(installed, map)))).toEqual([])
})
