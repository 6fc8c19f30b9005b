import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sqliteState } from './index.ts'
import { commitOf, mint, newFolder } from './testing/place.ts'

/** The operating system needs a moment to bury a process. */
const PATIENCE = { timeout: 20_000, interval: 50 }

interface Child {
  readonly process: ChildProcess
  readonly lines: string[]
  /** Resolves with the n-th line (from 1), or when the child ends. */
  line(count: number): Promise<string | undefined>
  /** SIGKILL: no handler runs, nothing is closed. */
  kill(): Promise<void>
}

type What = 'hold' | 'watch' | 'idle' | 'write' | 'some' | 'append'

function start(what: What, path: string, space: string): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/child.ts'), what, path, space], {
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

test('a killed process gives back its slot and its lead', async () => {
  const path = join(newFolder(), 'state.db')
  const child = start('hold', path, 'stories')
  expect(await child.line(1)).toBe('slot 0, leads')
  const store = sqliteState(path)
  const space = await store.open('stories', mint)
  expect([space.slot, await space.lead()]).toEqual([1, false])
  await child.kill()
  await vi.waitFor(async () => expect(await space.lead()).toBe(true), PATIENCE)
  const next = await store.open('stories', mint)
  expect([next.slot, await next.lead()]).toEqual([0, false])
  await next.close()
  await space.close()
})

test('a paused process keeps its slot and its lead, and holds up nobody', async () => {
  const path = join(newFolder(), 'state.db')
  const child = start('hold', path, 'stories')
  expect(await child.line(1)).toBe('slot 0, leads')
  child.process.kill('SIGSTOP')
  const space = await sqliteState(path).open('stories', mint)
  await space.commit(commitOf(0))
  expect([space.slot, await space.lead()]).toEqual([1, false])
  await expect(space.destroy()).rejects.toMatchObject({ code: 'store_in_use' })
  expect((await space.load()).revision).toBe(1)
  await space.close()
})

test("this process holds its slot and its lead against another's, also while more openings come and go", async () => {
  const path = join(newFolder(), 'state.db')
  const space = await sqliteState(path).open('stories', mint)
  expect(await space.lead()).toBe(true)
  for (const name of ['one', 'stories']) {
    const other = await sqliteState(path).open(name, mint)
    await other.lead()
    await other.resign()
    await other.close()
  }
  const child = start('hold', path, 'stories')
  expect(await child.line(1)).toBe('slot 1, follows')
  await space.commit(commitOf(0))
  await space.close()
})

test('four processes open one space at once: four slots, one lead', async () => {
  const path = join(newFolder(), 'state.db')
  const children = [1, 2, 3, 4].map(() => start('hold', path, 'stories'))
  const lines = await Promise.all(children.map((child) => child.line(1)))
  const slots = lines.map((line) => line?.split(',')[0])
  expect(new Set(slots)).toEqual(new Set(['slot 0', 'slot 1', 'slot 2', 'slot 3']))
  expect(lines.filter((line) => line?.endsWith('leads'))).toHaveLength(1)
})

test('three processes write to one space at once, and each row is kept once', async () => {
  const path = join(newFolder(), 'state.db')
  const children = [1, 2, 3].map(() => start('append', path, 'stories'))
  expect(await Promise.all(children.map((child) => child.line(1)))).toEqual(['done', 'done', 'done'])
  const space = await sqliteState(path).open('stories', mint)
  const { revision, outbox } = await space.load()
  await space.close()
  expect([revision, outbox.map(([position]) => position)]).toEqual([300, Array.from({ length: 300 }, (_, at) => at)])
  expect(new Set(outbox.map(([, text]) => text)).size).toBe(300)
})

test('a process hears of the commits of another', async () => {
  const path = join(newFolder(), 'state.db')
  const child = start('watch', path, 'stories')
  expect(await child.line(1)).toBe('watches')
  const space = await sqliteState(path).open('stories', mint)
  await space.commit(commitOf(0))
  expect(await child.line(2)).toBe('1')
  await space.commit(commitOf(1))
  expect(await child.line(3)).toBe('2')
  await space.close()
})

test('a process that has nothing else to do ends, though it watches and leads', async () => {
  const child = start('idle', join(newFolder(), 'state.db'), 'stories')
  const [code] = (await once(child.process, 'exit')) as [number | null]
  expect([child.lines, code]).toEqual([['idle'], 0])
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
