import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { MUTANTS } from './mutants.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** What the packed tests are given at their start: the packages, and a project into which all are installed. */
    readonly packed: { readonly packages: readonly { readonly name: string }[]; readonly project: string }
  }
}

const { packages, project } = inject('packed')

/** What a mutant, or whatever puts it into sources, could not do without. */
const TRACES = ['mutant', 'registerHooks', ...MUTANTS.map(({ name }) => name)]

test.for(packages)('$name is built without any trace of a mutant', ({ name }) => {
  const installed = join(project, 'node_modules', name)
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.[cm]?[jt]s$/.test(file),
  )
  expect(files.length).toBeGreaterThan(0)
  const found = files.flatMap((file) => {
    const text = readFileSync(join(installed, file), 'utf8').toLowerCase()
    return TRACES.filter((trace) => text.includes(trace.toLowerCase())).map((trace) => `${file}: ${trace}`)
  })
  expect(found).toEqual([])
})
