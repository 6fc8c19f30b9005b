import { expect, inject, test } from 'vitest'
import { overBudget } from './budget.ts'
import budgets from './budgets.json' with { type: 'json' }
import { bundle } from './measure.ts'

const { packages, project } = inject('packed')
const packageBudgets: Readonly<Record<string, number>> = budgets.packages

test.for(Object.entries(budgets.sets))('%s fits its budget', async ([name, { imports, gzipBytes }]) => {
  const code = Object.entries(imports).map(([from, names]) => `export { ${names.join(', ')} } from '${from}'`)
  expect(overBudget(name, await bundle(code.join('\n'), { project }), gzipBytes)).toBeUndefined()
})

test.for(packages)('$name alone fits its budget', async ({ name }) => {
  const alone = await bundle(`export * from '${name}'`, { project, only: name })
  expect(overBudget(name, alone, packageBudgets[name])).toBeUndefined()
})
