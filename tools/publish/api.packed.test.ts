import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { apiOf } from './api-report.ts'

const { packages, project } = inject('packed')
const ROOT = join(import.meta.dirname, '../..')

test.for(packages)('what $name shows is what its api.md says', async ({ name, folder }) => {
  const api = apiOf(join(project, 'node_modules', name))
  await expect(api, 'If this is meant, run `npm run test:packed -- api -u`').toMatchFileSnapshot(
    join(ROOT, folder, 'api.md'),
  )
})
