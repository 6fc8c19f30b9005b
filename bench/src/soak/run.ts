import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Worker, startWorker } from '../processes/worker.ts'
import type { Settled, SoakClientsCommands } from './clients-process.ts'
import { type Herd, type SoakFigures, memoryOf, seenOf, settledOf, total } from './figures.ts'
import type { SoakOptions } from './options.ts'
import type { SoakServerCommands } from './server-process.ts'

const CLIENT_PROCESSES = 2
/** Each socket is cut about once in so many seconds. */
const CUT_EVERY_SECONDS = 200
/** Before anything counts: whether memory grows shows only after what the first bursts take. */
const WARM_UP_MS = 60_000
/** After that, whoever is not back does not come. */
const MOST_WAIT_MS = 120_000

interface Clients {
  readonly worker: Worker<SoakClientsCommands>
  readonly spaces: readonly string[]
  readonly sockets: number
}

/** The server, and who comes to it, in processes of their own; `tell` is told of each step. */
export async function runSoak(options: SoakOptions, tell: (step: string) => void): Promise<SoakFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-soak-'))
  const profiling = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`]
  const server = startWorker<SoakServerCommands>('../soak/server-process', profiling)
  const clients = clientsOf(options).map((one) => ({
    ...one,
    worker: startWorker<SoakClientsCommands>('../soak/clients-process', profiling),
  }))
  try {
    return await measure(options, server, clients, join(folder, 'soak.db'), tell)
  } finally {
    await Promise.all([server, ...clients.map(({ worker }) => worker)].map(async (worker) => worker.end()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** All subscribers of a space are in one process, so that one clock tells when a write was seen. */
function clientsOf({ sockets, spaces }: SoakOptions): readonly Omit<Clients, 'worker'>[] {
  const names = Array.from({ length: spaces }, (_, index) => `space-${index}`)
  const groups = Array.from({ length: Math.min(CLIENT_PROCESSES, spaces) }, (_, group) =>
    names.filter((_name, index) => index % CLIENT_PROCESSES === group),
  )
  const perSpace = Math.floor(sockets / spaces)
  const left = sockets - perSpace * spaces
  return groups.map((own, group) => ({ spaces: own, sockets: perSpace * own.length + (group === 0 ? left : 0) }))
}

async function measure(
  options: SoakOptions,
  server: Worker<SoakServerCommands>,
  clients: readonly Clients[],
  file: string,
  tell: (step: string) => void,
): Promise<SoakFigures> {
  const { sockets, spaces, minutes } = options
  const ms = minutes * 60_000
  const each = async <T>(work: (one: Clients) => Promise<T>): Promise<readonly T[]> => Promise.all(clients.map(work))

  tell(`${sockets} sockets connect`)
  const url = await server.call('listen', { file, sockets })
  await each(async ({ worker, spaces: own, sockets: count }) =>
    worker.call('open', { url, spaces: own, sockets: count }),
  )

  tell('the load for a minute, and all sockets cut once: what a burst takes for good, it takes now')
  const write = async (forMs: number): Promise<unknown> =>
    each(async ({ worker, spaces: own }) => worker.call('write', (options.writes * own.length) / spaces, forMs))
  await write(Math.min(WARM_UP_MS, ms))
  await each(async ({ worker }) => worker.call('finishWriting'))
  await cutAll(server, clients)
  await each(async ({ worker }) => worker.call('takeLoad'))

  tell(`${options.writes} writes a second for ${minutes} minutes`)
  const cutsPerSecond = sockets / CUT_EVERY_SECONDS
  await server.call('sample')
  await server.call('cutSome', cutsPerSecond)
  const beginMs = performance.now()
  await write(ms)
  const seconds = (performance.now() - beginMs) / 1000
  await server.call('cutSome', 0)
  const usage = await server.call('usage')

  tell('everybody catches up')
  await each(async ({ worker }) => worker.call('finishWriting'))
  const settled = await settle(server, clients)
  const loads = await each(async ({ worker }) => worker.call('takeLoad'))

  tell('all sockets are cut at once')
  const herd = await cutAll(server, clients)
  const later = await each(async ({ worker }) => worker.call('takeLoad'))
  await each(async ({ worker }) => worker.call('close'))
  await server.call('close')

  const writes = total(loads, (load) => load.writes)
  return {
    sockets,
    spaces,
    seconds,
    writesPerSecondAsked: options.writes,
    writes,
    writesPerSecond: writes / seconds,
    cut: Math.floor(cutsPerSecond * seconds),
    frames: total(loads, ({ reading }) => reading.frames),
    hints: total(loads, ({ reading }) => reading.hints),
    pulls: total(loads, ({ reading }) => reading.pulls),
    seen: seenOf(loads.map(({ seen }) => seen)),
    busy: { server: usage.busyMs / 1000 / seconds, clients: total(loads, ({ busyMs }) => busyMs) / 1000 / seconds },
    rss: memoryOf(usage.rss),
    heap: memoryOf(usage.heap),
    ...settled,
    failures: [...loads, ...later].flatMap(({ failures }) => failures),
    herd,
  }
}

/** Cuts every socket, writes to every space, and waits until all are back and have it. */
async function cutAll(server: Worker<SoakServerCommands>, clients: readonly Clients[]): Promise<Herd> {
  const beginMs = performance.now()
  const cut = await server.call('cutAll')
  await Promise.all(clients.map(async ({ worker }) => worker.call('writeToEach')))
  const settled = await settle(server, clients)
  return { cut, ms: performance.now() - beginMs, ...settled }
}

async function settle(server: Worker<SoakServerCommands>, clients: readonly Clients[]): Promise<Settled> {
  const digests = await server.call(
    'digests',
    clients.flatMap(({ spaces }) => spaces),
  )
  let from = 0
  const own = clients.map(({ spaces }) => digests.slice(from, (from += spaces.length)))
  return settledOf(
    await Promise.all(
      clients.map(async ({ worker, spaces }, index) => worker.call('settle', spaces, own[index] ?? [], MOST_WAIT_MS)),
    ),
  )
}
