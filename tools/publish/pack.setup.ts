import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { install, manifestIn, packInto, type Packed } from './packed.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly packed: Packed
  }
}

/** Runs once before the tests: packing and installing takes longer than most of them. */
export default async function packOnce(tests: TestProject): Promise<() => void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'whisker-packed-')))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const packages = await packInto(folder)
    const project = join(folder, 'project')
    mkdirSync(project)
    // Packages bring what runs, not the types of what their users bring.
    await install(project, packages, { npm: { '@types/react': versionOf('@types/react') } })
    tests.provide('packed', { packages, project })
    return remove
  } catch (error) {
    remove()
    throw error
  }
}

const versionOf = (name: string): string => manifestIn(join(import.meta.dirname, '../node_modules', name)).version
