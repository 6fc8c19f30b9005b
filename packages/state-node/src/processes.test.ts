import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { sqliteState } from './index.ts'
import { commitOf, mint, newFolder } from './test/place.ts'

interface Child {
  readonly process: ChildProcess
  readonly lines: string[]
  /** Resolves with the n-th line (from 1), or when the child ends. */
  line(count: number): Promise<string | undefined>
  /** SIGKILL: no handler runs, nothing is closed. */
  kill(): Promise<void>
}

function start(what: 'hold' | 'write' | 'some', path: string, space: string): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'test/child.ts'), what, path, space], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => lines.push(line))
  const ended = once(output, 'close')
  return {
    process: child,
    lines,
    async line(count) {
      while (lines.length < count) {
        const next = await Promise.race([once(output, 'line').then(() => true), ended.then(() => false)])
        if (!next) break
      }
      return lines[count - 1]
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

test('what commit resolved survives twelve kills of the process, and no commit is torn', async () => {
  const path = join(newFolder(), 'state.db')
  let before = 0
  for (let round = 1; round <= 12; round++) {
    const child = start('write', path, 'stories')
    await child.line(1 + round * 3)
    await child.kill()
    const promised = Number(child.lines.at(-1))
    const space = await sqliteState(path).open('stories', mint)
    const { revision, records, documents, outbox, rejected } = await space.load()
    await space.close()
    expect(promised).toBeGreaterThan(before)
    expect(revision).toBeGreaterThanOrEqual(promised)
    const texts = [...records, ...documents, ...outbox, ...rejected].map((row) =>
      row.at(-1)?.toString().replace(/\.+$/, ''),
    )
    expect(texts).toEqual(Array(42).fill(String(revision)))
    before = revision
  }
})

test('a space that another process has open is store_in_use, until that process is killed', async () => {
  const path = join(newFolder(), 'state.db')
  const child = start('hold', path, 'stories')
  expect(await child.line(1)).toBe('open')
  const store = sqliteState(path)
  await expect(store.open('stories', mint)).rejects.toMatchObject({
    code: 'store_in_use',
    message: expect.stringContaining('stories'),
    fix: expect.any(String),
  })
  const other = await store.open('other', mint)
  await other.commit(commitOf(0))
  await child.kill()
  const space = await store.open('stories', mint)
  expect(space.device).toBe(other.device)
  await space.close()
  await other.close()
})

test('this process holds its space against another, also while more spaces of the file come and go', async () => {
  const path = join(newFolder(), 'state.db')
  const space = await sqliteState(path).open('stories', mint)
  for (const name of ['one', 'two']) await (await sqliteState(path).open(name, mint)).close()
  await expect(sqliteState(path).open('stories', mint)).rejects.toMatchObject({ code: 'store_in_use' })
  const child = start('hold', path, 'stories')
  expect(await child.line(1)).toBe('store_in_use')
  await space.commit(commitOf(0))
  await space.close()
})

test('four processes open a new file at once, write to it side by side, and agree on the device', async () => {
  const path = join(newFolder(), 'state.db')
  const spaces = ['a', 'b', 'c', 'd']
  const children = spaces.map((space) => start('some', path, space))
  expect(await Promise.all(children.map((child) => child.line(1)))).toEqual(spaces.map(() => 'done'))
  const devices = new Set<string>()
  for (const name of spaces) {
    const space = await sqliteState(path).open(name, mint)
    expect((await space.load()).revision).toBe(200)
    devices.add(space.device)
    await space.close()
  }
  expect(devices.size).toBe(1)
  expect(devices).not.toContain(mint())
})
