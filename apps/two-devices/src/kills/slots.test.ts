import { expect, onTestFinished, test } from 'vitest'
import { check } from '../check.ts'
import { newFolder } from '../testing/run.ts'
import { seeded } from '../testing/seeded.ts'
import { Server, Writer, pause, settle } from './cast.ts'
import { documentsOf, lacking, upTo, writtenBy } from './values.ts'

// Two processes that have one file open at once, and a device of its own that reads what they write.

/** In the last one it is both at once. */
const VICTIMS = [['one'], ['server'], ['two'], ['one', 'two']] as const
const SEED = 20_261_123

interface Place {
  readonly server: Server
  /** The two on one file. */
  readonly one: Writer
  readonly two: Writer
  /** Another one on that file. */
  readonly newcomer: Writer
  /** Two on files of their own. */
  readonly reader: Writer
  readonly stranger: Writer
}

async function newPlace(): Promise<Place> {
  const folder = newFolder()
  const server = new Server(folder)
  const place = {
    server,
    one: new Writer('one', folder, server, 'shared'),
    two: new Writer('two', folder, server, 'shared'),
    newcomer: new Writer('newcomer', folder, server, 'shared'),
    reader: new Writer('reader', folder, server),
    stranger: new Writer('stranger', folder, server),
  }
  onTestFinished(async () => void (await Promise.all(Object.values(place).map(async (each) => each.end()))))
  await server.start()
  return place
}

test(
  'two processes that write to one file at once lose nothing that was promised, whoever is killed',
  { timeout: 120_000 },
  async () => {
    const random = seeded(SEED)
    const place = await newPlace()
    const { one, two, reader, newcomer, stranger } = place
    await startWritingInTurn(place)
    await reader.start()
    const kill = async (name: 'one' | 'two' | 'server'): Promise<void> => {
      const victim = place[name]
      // One that ended by itself is none that was killed.
      expect(victim.process.isRunning).toBe(true)
      await victim.end()
      await (victim instanceof Server ? victim.start() : victim.startWriting())
    }
    for (const victims of VICTIMS) {
      await pause(40 + random() * 200)
      await Promise.all(victims.map(kill))
    }
    await settle(one, two, reader)

    await Promise.all([newcomer.start(), stranger.start()])
    await settle(stranger)
    expect(await lossesOf(place, one, two, reader, newcomer, stranger)).toEqual([])
  },
)

test('what a process had to push when it was killed is pushed by the other one', async () => {
  const place = await newPlace()
  const { server, one, two, reader } = place
  await server.end()
  await Promise.all([one.startWriting(), two.start(), reader.start()])
  await until(one, () => one.resolved > 20)
  await one.end()
  expect(one.acknowledged.size).toBe(0)

  await server.start()
  await settle(two, reader)
  const documents = await reader.documents()
  expect(lacking(documents, [['one', upTo(one.resolved)]])).toEqual([])
  expect(check(documentsOf(documents), [await two.held()], 0)).toEqual([])
})

test('one process at a time talks to the server, and the other takes over when that one is killed', async () => {
  const place = await newPlace()
  const { one, two } = place
  await startWritingInTurn(place)
  expect(await place.server.process.call('turns')).toEqual(['one'])

  await one.end()
  await acknowledgedAgain(two)
  await one.startWriting()
  await acknowledgedAgain(one)
  expect(await place.server.process.call('turns')).toEqual(['one', 'two'])
})

test('a process that stood still while the other one wrote and synced loses nothing', async () => {
  const place = await newPlace()
  const { one, two, reader } = place
  await startWritingInTurn(place)
  await freezeBetweenTransactions(two)
  await acknowledgedAgain(one)
  two.process.thaw()
  await acknowledgedAgain(two)
  await settle(one, two)
  await reader.start()
  await settle(reader)
  expect(await lossesOf(place, one, two, reader)).toEqual([])
})

test('what was written while the process that talks to the server stood still is synced once it goes on', async () => {
  const place = await newPlace()
  const { one, two, reader } = place
  await startWritingInTurn(place)
  await freezeBetweenTransactions(one)
  const { resolved } = two
  await until(two, () => two.resolved > resolved + 20)
  expect((await two.held()).pending).toBeGreaterThan(0)
  one.process.thaw()
  await settle(one, two)
  await reader.start()
  await settle(reader)
  expect(await lossesOf(place, one, two, reader)).toEqual([])
})

/** Both write, and the first one is the one that talks to the server. */
async function startWritingInTurn({ server, one, two }: Place): Promise<void> {
  await one.startWriting()
  await until(one, async () => (await server.process.call('turns')).length > 0)
  await two.startWriting()
  await Promise.all([one, two].map(acknowledgedAgain))
}

/** The server has taken many more of the values that this one wrote. */
async function acknowledgedAgain(writer: Writer): Promise<void> {
  const { size } = writer.acknowledged
  await until(writer, () => writer.acknowledged.size > size + 10)
}

/** One that stands still in the middle of a transaction keeps the file locked, and the other one's writes fail. */
async function freezeBetweenTransactions({ process, telltales }: Writer): Promise<void> {
  for (;;) {
    process.freeze()
    // The signal takes a moment to arrive.
    await pause(5)
    if (!telltales.wasInTransaction) return
    process.thaw()
    await pause(1)
  }
}

/** How everyone differs from what the two on one file have written, and what the server refused of it. */
async function lossesOf({ one, two }: Place, ...everyone: readonly Writer[]): Promise<readonly unknown[]> {
  const written = writtenBy([one, two].map(({ name, resolved }) => [name, upTo(resolved)]))
  const held = await Promise.all(everyone.map(async (each) => each.held()))
  return [...check(documentsOf(written), held, 0), ...one.failed, ...two.failed]
}

/** Waits for something that this one brings about. */
async function until({ name, process }: Writer, isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    if (!process.isRunning) throw new Error(`${name} ended by itself. ${process.output}`)
    await pause(10)
  }
}
