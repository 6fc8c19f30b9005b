import { expect, test } from 'vitest'
import { Device } from './testing/device.ts'
import { type Chance, chanceFrom } from './testing/random.ts'
import { stateText, viewText } from './testing/texts.ts'
import { covers } from './version-vector.ts'
import { formatDot } from './identity.ts'
import { type Operation, isPrefix } from './operation.ts'
import { STRATEGIES, type Strategy } from './strategy.ts'
import { viewOf } from './view.ts'

/*
 * One history again: WHISKER_SEED=1234 npx vitest run packages/protocol/src/histories.test.ts
 * More of them:      WHISKER_HISTORIES=100000 npx vitest run packages/protocol/src/histories.test.ts
 */
const ONE = Number(process.env['WHISKER_SEED'] ?? 0)
const COUNT = Number(process.env['WHISKER_HISTORIES'] ?? 10_000)
const KINDS = [...STRATEGIES, 'switched'] as const
type Kind = (typeof KINDS)[number]

interface History {
  readonly kind: Kind
  readonly devices: readonly Device[]
  /** The strategy that everybody uses in the end. */
  readonly strategy: Strategy
}

/** The first two thirds are written and delivered in turn, the last third far from each other; then all meet. */
function play(seed: number): History {
  const random = chanceFrom(seed)
  const kind = KINDS[seed % KINDS.length] as Kind
  const start = kind === 'switched' ? random.pick(STRATEGIES) : kind
  const strategy = kind === 'switched' ? random.pick(STRATEGIES.filter((one) => one !== start)) : kind
  const devices = Array.from({ length: 3 + random.below(4) }, (_, index) => new Device('CAFDBE'.charAt(index), start))
  const writes = 10 + Math.floor(51 * random.fraction() ** 2)
  for (let made = 0; made < writes;) {
    if (made >= writes / 3 && random.chance(0.1)) random.pick(devices).strategy = strategy
    if (random.chance(made < writes * 0.75 ? 0.5 : 0.95)) {
      random.pick(devices).act(random, random.below(60))
      made++
    } else deliver(random, random.pick(devices), random.pick(devices))
  }
  meet(random, devices)
  return { kind, devices, strategy }
}

function deliver(random: Chance, from: Device, to: Device): void {
  if (random.chance(0.5)) to.receiveFirst(from, random.below(from.log.length + 1))
  else to.joinAll(from)
}

function deliverAll(random: Chance, from: Device, to: Device): void {
  if (random.chance(0.5)) to.receiveFirst(from, from.log.length)
  else to.joinAll(from)
}

function meet(random: Chance, devices: readonly Device[]): void {
  for (const to of devices) {
    for (const from of devices) if (random.chance(0.5)) deliver(random, from, to)
  }
  const hub = random.pick(devices)
  for (const one of devices) if (one !== hub) deliverAll(random, one, hub)
  for (const one of devices) if (one !== hub) deliverAll(random, hub, one)
}

/** What a device holds, and what it shows under every strategy, in one text. */
function textOf(device: Device): string {
  const lines: string[] = []
  for (const document of [...device.states.keys()].sort()) {
    const state = device.state(document)
    lines.push(`${document} ${stateText(state)}`)
    for (const strategy of STRATEGIES) lines.push(`${strategy} ${viewText(viewOf(state, { strategy, document }))}`)
  }
  return lines.join('\n')
}

function firstDifference(a: string, b: string): string {
  const [ours, theirs] = [a.split('\n'), b.split('\n')]
  const line = ours.findIndex((text, index) => text !== theirs[index])
  return `${ours[line]?.slice(0, 4000)}\n${theirs[line]?.slice(0, 4000)}`
}

/** Writes that are gone although nobody who had seen them wrote over them or dropped them. */
function lostWrites({ devices }: History): string[] {
  const [device] = devices as readonly [Device]
  const lost: string[] = []
  const byDocument = Map.groupBy(device.log, (operation) => operation.document)
  for (const [document, operations] of byDocument) {
    const live = new Set(
      device
        .state(document)
        .writes.map((write) => `${formatDot(write.dot)} ${write.root} ${JSON.stringify(write.path)}`),
    )
    for (const operation of operations) {
      for (const { root, path, value } of operation.delta) {
        const name = `${formatDot(operation.dot)} ${root} ${JSON.stringify(path)}`
        const isDelete = root === 'content' && path.length === 0 && value === undefined
        const isGone = operations.some((later) => removes(later, operation, root, path, isDelete))
        if (live.has(name) === isGone) lost.push(`${document} ${name} ${isGone ? 'should be gone' : 'is lost'}`)
      }
    }
  }
  return lost
}

function removes(
  later: Operation,
  operation: Operation,
  root: string,
  path: readonly string[],
  isDelete: boolean,
): boolean {
  const isNamed = (names: Operation['keep']): boolean =>
    names.some(
      (name) =>
        formatDot(name.dot) === formatDot(operation.dot) &&
        name.root === root &&
        name.path.join('/') === path.join('/'),
    )
  if (isNamed(later.drop)) return true
  if (later === operation || !covers(later.base, operation.dot) || isNamed(later.keep)) return false
  return later.delta.some(
    (write) =>
      write.root === root &&
      isPrefix(write.path, path) &&
      (write.value !== undefined || write.path.length > 0 || root === 'metadata' || isDelete),
  )
}

/** Conflicts and copies that the app sees at the end, over all documents. */
const openPlaces = ({ devices: [device], strategy }: History): number =>
  [...(device as Device).states.keys()].reduce((sum, document) => {
    const view = (device as Device).view(document, strategy)
    return sum + view.conflicts.length + view.copies.length
  }, 0)

test(
  'ten thousand histories end with the same states, views and conflicts on every replica, and nothing is lost',
  { timeout: 120_000 },
  () => {
    const counts = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]))
    let operations = 0
    for (let seed = ONE || 1; seed <= (ONE || COUNT); seed++) {
      const history = play(seed)
      const replay = `seed ${seed}: WHISKER_SEED=${seed} npx vitest run packages/protocol/src/histories.test.ts`
      const [first, ...others] = history.devices.map(textOf) as [string, ...string[]]
      for (const text of others) if (text !== first) expect.fail(`${replay}\n${firstDifference(first, text)}`)
      const lost = lostWrites(history)
      expect(lost, `${replay}\n`).toEqual([])
      counts.get(history.kind)?.push(openPlaces(history))
      operations += history.devices[0]?.log.length ?? 0
    }
    const all = [...counts.values()].flat()
    // oxlint-disable-next-line no-console -- the distribution is part of what this test says
    console.log(table(counts, operations))
    if (!ONE) expect(all.filter((open) => open > 0).length / all.length).toBeGreaterThanOrEqual(0.5)
  },
)

const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, index) => String(cell)[index ? 'padStart' : 'padEnd'](index ? 8 : 16)).join('')

function table(counts: ReadonlyMap<Kind, readonly number[]>, operations: number): string {
  const columns: readonly [string, (open: number) => boolean][] = [
    ['none', (open) => open === 0],
    ['1', (open) => open === 1],
    ['2', (open) => open === 2],
    ['3-5', (open) => open >= 3 && open <= 5],
    ['6+', (open) => open >= 6],
  ]
  return [
    `open conflicts and copies at the end (${operations} operations)`,
    row(['', ...columns.map(([name]) => name), 'mean', 'max']),
    ...[...counts].map(([kind, open]) =>
      row([
        kind,
        ...columns.map(([, fits]) => open.filter(fits).length),
        (open.reduce((a, b) => a + b, 0) / open.length).toFixed(1),
        Math.max(...open),
      ]),
    ),
  ].join('\n')
}
