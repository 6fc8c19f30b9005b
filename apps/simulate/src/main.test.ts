import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as allOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Entry, newEntry } from './entry.ts'
import { keepEntry, readState } from './kept-state.ts'
import { newFolder, simulate, startSimulate, toldBy } from './testing/simulate.ts'

const DOCUMENT = 'Above.\n\n<!-- runs -->\n<!-- /runs -->\n\n<!-- mutants -->\ntheirs\n<!-- /mutants -->\n'

test('--help tells of all options', async () => {
  const { code, stdout, stderr } = await simulate('--help')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/--seed <text>.*--minutes <n>.*--record/s)
})

test('an option that makes no sense is refused with what was expected', async () => {
  expect(await simulate('--minutes', 'many')).toEqual({
    code: 2,
    stdout: '',
    stderr: '--minutes takes a number above 0, at most 10000, not many.\nSee --help for the options.\n',
  })
  const { code, stderr } = await simulate('--nothing')
  expect(code).toBe(2)
  expect(stderr).toMatch(/--nothing.*\nSee --help for the options\.\n$/)
})

test('whoever stops reading ends it without an error', async () => {
  const child = startSimulate('--seed', '3')
  child.stdout?.destroy()
  const complaint = child.stderr && allOf(child.stderr)
  await once(child, 'close')
  expect([child.exitCode, await complaint]).toEqual([0, ''])
})

test('a seed is told step by step, with what came of it', async () => {
  const { code, stdout } = await simulate('--seed', '3')
  expect(stdout).toMatch(/^seed {5}3\nserver .*\nD0 .*\nfaults .*\nsteps .*\n\n +\d+\.\d{3}s \S.*/s)
  expect(stdout).toMatch(/took effect .*\n[\d,]+ events, .* of virtual time, \d+ writes, trace [0-9a-f]{8}\n/s)
  expect(stdout).toContain('All rules hold.\nA second run left the same trace.\n')
  expect(code).toBe(0)
})

test('many seeds are run, recorded, and left out by the next call', async () => {
  const folder = newFolder()
  const [state, document] = [join(folder, 'state.json'), join(folder, 'simulation.md')]
  writeFileSync(document, DOCUMENT)
  const first = await simulate('--seeds', '3', '--workers', '2', '--state', state)
  expect(first.stdout).toContain('nothing was run on these sources before')
  expect(first.stdout).toMatch(/\n3 seeds, 0 failures, [\d,]+ events \([\d,]+\/s\), .* of virtual time\.\n/)
  const second = await simulate('--seeds', '2', '--workers', '2', '--state', state, '--record', '--into', document)
  expect(second.stdout).toContain('goes on after 3 seeds')
  expect([first.code, second.code]).toEqual([0, 0])
  const { entries } = readState(state)
  expect(entries.map(({ done }) => done)).toEqual([[[1, 5]]])
  const events = entries[0]?.events.toLocaleString('en')
  const text = readFileSync(document, 'utf8')
  expect(text).toContain(`5 seeds, ${events} events`)
  expect(text).toContain(`Open failures in all of its ${events} events: none.`)
  expect(text).toMatch(/\| `reorder` \| per message: .* \| [\d,]+ \| [\d,]+ \|/)
  expect(text.slice(text.indexOf('<!-- mutants'))).toBe('<!-- mutants -->\ntheirs\n<!-- /mutants -->\n')
})

test('what was interrupted keeps what it did', async () => {
  const state = join(newFolder(), 'state.json')
  const running = startSimulate('--minutes', '5', '--workers', '1', '--state', state)
  const told = toldBy(running)
  while (!existsSync(state)) await sleep(50)
  running.kill('SIGINT')
  const { code, stdout } = await told
  expect(code).toBe(130)
  const seeds = readState(state).entries[0]?.done[0]?.[1]
  expect(stdout).toMatch(new RegExp(`Interrupted\\. ${seeds} seeds? kept; the same command goes on\\.\n$`))
  expect(existsSync(`${state}.lock`)).toBe(false)
})

test.for(['by itself', 'when it is told to end'])(
  'where nothing can be kept it says so once and ends, %s',
  async (how) => {
    const state = join(newFolder(), 'state.json')
    const running = startSimulate('--minutes', '5', '--workers', '2', '--state', state)
    const told = toldBy(running)
    while (!existsSync(state)) await sleep(50)
    mkdirSync(`${state}.new`)
    if (how !== 'by itself') running.kill('SIGTERM')
    const { code, stdout, stderr } = await told
    expect(stderr).toMatch(/^What was run cannot be kept in .*state\.json: EISDIR.* another file with --state\.\n$/)
    expect(stdout).not.toContain('FAILED')
    expect([code, existsSync(`${state}.lock`)]).toEqual([1, false])
  },
)

test('a mistake that is noticed in no range of seeds is missed', async () => {
  const { code, stdout } = await simulate('--mutants', '--only', 'old_ids_write_on', '--seeds', '1')
  expect(stdout.split('\n')).toEqual([
    'old_ids_write_on: nothing, after > 1, > 1, > 1 seeds',
    '0 of 1 mutants were caught in all ranges of 1 seeds.',
    '',
  ])
  expect(code).toBe(1)
})

const entryOf = (sources: string, events: number): Entry => ({
  ...newEntry({ sources, commit: sources.repeat(40), hasChanges: false }, '2026-01-01T00:00:00.000Z'),
  done: [[1, events]],
  events,
})

test('a record adds to what was recorded elsewhere, and counts nothing twice', async () => {
  const folder = newFolder()
  const document = join(folder, 'simulation.md')
  writeFileSync(document, DOCUMENT)
  for (const [machine, entries] of [
    ['one', [entryOf('a', 7), entryOf('b', 20)]],
    ['two', [entryOf('b', 10), entryOf('c', 300)]],
  ] as const) {
    const state = join(folder, machine)
    for (const entry of entries) keepEntry(state, readState(state), entry)
    for (const _ of [1, 2]) expect((await simulate('--record', '--state', state, '--into', document)).code).toBe(0)
  }
  const text = readFileSync(document, 'utf8')
  expect(text).toContain('| all | 327 | 327 |')
  expect(text).toContain('| `bbbbbbbbbbbb` | 20 | 20 |')
  expect(text).toContain('Commit `cccccccccccc`')
})

test('without anything run there is nothing to record', async () => {
  const folder = newFolder()
  const [state, document] = [join(folder, 'state.json'), join(folder, 'simulation.md')]
  writeFileSync(document, DOCUMENT)
  const { code, stderr } = await simulate('--record', '--state', state, '--into', document)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'There is nothing to record: no seed was run. Run some with --minutes.\n',
  })
  expect(readFileSync(document, 'utf8')).toBe(DOCUMENT)
})
