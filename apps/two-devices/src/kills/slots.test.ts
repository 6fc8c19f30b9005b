import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Child } from '../processes/child.ts'
import { newFolder } from '../testing/run.ts'
import { seeded } from '../testing/seeded.ts'
import { type NoEvents, type View, Writer, pause, startServer, viewOf } from './cast.ts'
import type { MarkedServerCommands } from './marked-server-process.ts'
import { wasOpen } from './transaction-marker.ts'

// Two processes that have one file open at once, and a device of its own that reads what they write.

/** Every fourth time it is both at once. */
const TIMES = 8
const SEED = 20_261_123

interface Place {
  readonly folder: string
  /** The two on one file. */
  readonly one: Writer
  readonly two: Writer
  /** Another one on that file. */
  readonly newcomer: Writer
  /** Two on files of their own. */
  readonly reader: Writer
  readonly stranger: Writer
  /** The server that runs, or ran last. */
  readonly server: () => MarkedServer
  readonly restartServer: () => Promise<void>
  /** Who asked the server since it started, once for however many requests in a row. */
  readonly turns: () => Promise<readonly string[]>
}

type MarkedServer = Child<MarkedServerCommands, NoEvents>

async function newPlace(): Promise<Place> {
  const folder = newFolder()
  const { process, port } = await startServer(folder, 0)
  let server = process
  const writers = {
    one: new Writer('one', folder, port, 'shared'),
    two: new Writer('two', folder, port, 'shared'),
    newcomer: new Writer('newcomer', folder, port, 'shared'),
    reader: new Writer('reader', folder, port),
    stranger: new Writer('stranger', folder, port),
  }
  onTestFinished(async () => {
    const processes = [server, ...Object.values(writers).map((writer) => writer.process)]
    await Promise.all(processes.map(async (each) => each?.kill()))
  })
  return {
    ...writers,
    folder,
    server: () => server,
    async restartServer() {
      await server.kill()
      server = (await startServer(folder, port)).process
    },
    turns: async () => server.call('turns'),
  }
}

test(
  'two processes that write to one file at once lose nothing that was promised, whoever is killed',
  { timeout: 120_000 },
  async () => {
    const random = seeded(SEED)
    const place = await newPlace()
    const { one, two, reader, folder } = place
    const hits = { kills: 0, inTransaction: 0, inRound: 0 }
    const kill = async (victim: Writer | 'server'): Promise<void> => {
      const [process, marker] =
        victim === 'server' ? [place.server(), join(folder, 'server.marker')] : [victim.process, victim.marker]
      // One that ended by itself is none that was killed.
      expect(process?.isRunning).toBe(true)
      hits.kills++
      if ((victim === 'server' ? [one, two] : [victim]).some((writer) => writer.isInRound)) hits.inRound++
      await process?.kill()
      if (wasOpen(marker)) hits.inTransaction++
      await (victim === 'server' ? place.restartServer() : startWriting(victim))
    }
    await Promise.all([startWriting(one), startWriting(two), reader.start()])
    for (let time = 0; time < TIMES; time++) {
      await pause(40 + random() * 200)
      const victims = [[one], ['server' as const], [two], [one, two]][time % 4]
      await Promise.all(victims?.map(kill) ?? [])
    }
    await settle(one, two, reader)

    const { newcomer, stranger } = place
    await Promise.all([newcomer.start(), stranger.start()])
    await stranger.process?.call('settle')
    expect(await lossesOf(place, one, two, reader, newcomer, stranger)).toEqual({ broken: [], failed: [] })
    for (const { resolved, acknowledged } of [one, two]) {
      expect(resolved.size).toBeGreaterThan(20)
      expect(acknowledged.size).toBeGreaterThan(0)
    }
    expect(hits.inRound).toBeGreaterThan(0)
    console.log(
      `${hits.kills} SIGKILLs: ${hits.inTransaction} hit an open transaction, ${hits.inRound} a running round; ` +
        `the processes had written ${one.last} and ${two.last} values (seed ${SEED})`,
    )
  },
)

test('what a process had to push when it was killed is pushed by the other one', async () => {
  const place = await newPlace()
  const { one, two, reader } = place
  await place.server().kill()
  await Promise.all([startWriting(one), two.start(), reader.start()])
  await until(() => one.last > 20)
  await one.process?.kill()
  expect(one.acknowledgements).toBe(0)

  await place.restartServer()
  await settle(two, reader)
  const { documents } = await viewOf(reader)
  expect(one.brokenPromises(documents)).toEqual([])
  expect(await viewOf(two)).toEqual({ documents, conflicts: 0, rejected: 0, pending: 0 })
})

test('one process at a time talks to the server, and the other takes over when that one is killed', async () => {
  const place = await newPlace()
  const { one, two } = place
  await startWritingInTurn(place)
  expect(await place.turns()).toEqual(['one'])

  await one.process?.kill()
  await acknowledgedAgain(two)
  await startWriting(one)
  await acknowledgedAgain(one)
  expect(await place.turns()).toEqual(['one', 'two'])
})

test('a process that stood still while the other one wrote and synced loses nothing', async () => {
  const place = await newPlace()
  const { one, two, reader } = place
  await startWritingInTurn(place)
  await freezeBetweenTransactions(two)
  await acknowledgedAgain(one)
  two.process?.thaw()
  await acknowledgedAgain(two)
  await settle(one, two)
  await reader.start()
  await settle(reader)
  expect(await lossesOf(place, one, two, reader)).toEqual({ broken: [], failed: [] })
})

test('what was written while the process that talks to the server stood still is synced once it goes on', async () => {
  const place = await newPlace()
  const { one, two, reader } = place
  await startWritingInTurn(place)
  await freezeBetweenTransactions(one)
  const { last } = two
  await until(() => two.last > last + 20)
  expect((await viewOf(two)).pending).toBeGreaterThan(0)
  one.process?.thaw()
  await settle(one, two)
  await reader.start()
  await settle(reader)
  expect(await lossesOf(place, one, two, reader)).toEqual({ broken: [], failed: [] })
})

async function startWriting(writer: Writer): Promise<void> {
  await (await writer.start()).call('write', writer.last)
}

/** Both write, and the first one is the one that talks to the server. */
async function startWritingInTurn({ one, two, turns }: Place): Promise<void> {
  await startWriting(one)
  await until(async () => (await turns()).length > 0)
  await startWriting(two)
  await Promise.all([one, two].map(acknowledgedAgain))
}

/** The server has taken many more of the values that this one wrote. */
async function acknowledgedAgain(writer: Writer): Promise<void> {
  const { acknowledgements } = writer
  await until(() => writer.acknowledgements > acknowledgements + 20)
}

/** One that stands still in the middle of a transaction keeps the file locked, and the other one's writes fail. */
async function freezeBetweenTransactions({ process, marker }: Writer): Promise<void> {
  for (;;) {
    process?.freeze()
    // The signal takes a moment to arrive.
    await pause(5)
    if (!wasOpen(marker)) return
    process?.thaw()
    await pause(1)
  }
}

/** Ends their writing, and brings everything of each to all. */
async function settle(...writers: readonly Writer[]): Promise<void> {
  // Twice: what the last one pushes after the others have pulled, they have to pull again.
  for (let round = 0; round < 2; round++) {
    await Promise.all(writers.map(async (writer) => writer.process?.call('settle')))
  }
}

interface Losses {
  /** Promises that the documents do not keep. */
  readonly broken: readonly unknown[]
  /** Writes that the server did not take. */
  readonly failed: readonly unknown[]
}

/** What the two on one file have lost, where everyone sees the same. */
async function lossesOf({ one, two }: Place, ...everyone: readonly Writer[]): Promise<Losses> {
  const views = await Promise.all(everyone.map(viewOf))
  const [{ documents }] = views as [View, ...View[]]
  for (const view of views) expect(view).toEqual({ documents, conflicts: 0, rejected: 0, pending: 0 })
  return {
    broken: [one, two].flatMap((writer) => writer.brokenPromises(documents)),
    failed: [one, two].flatMap((writer) => writer.failed),
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(10)
}
