import { afterAll, beforeAll, expect, test } from 'vitest'
import { Chance } from './testing/chance.ts'
import { type Bench, type TabHandle, newDevice, openTab, startBench, startServer } from './testing/tabs.ts'

let bench: Bench
beforeAll(async () => {
  bench = await startBench()
})
afterAll(async () => bench.close())

const ACTIONS = 1000
const TABS = 3
const NOTES = 12
const SOON = { timeout: 60_000, interval: 100 }

/** What somebody was told is stored: it has to be there in the end. */
class Promised {
  readonly #fields = new Map<string, Set<string>>()
  readonly #removed = new Set<string>()

  wrote(id: string, field: string): void {
    this.#fields.set(id, (this.#fields.get(id) ?? new Set()).add(field))
  }

  removed(id: string): void {
    this.#removed.add(id)
  }

  missingIn(notes: readonly (readonly [id: string, note: Readonly<Record<string, string>>])[]): readonly string[] {
    const shown = new Map(notes)
    const lost = [...this.#fields].flatMap(([id, fields]) =>
      [...fields].filter((field) => shown.get(id)?.[field] === undefined).map((field) => `${id}.${field} is lost`),
    )
    return [...lost, ...[...this.#removed].filter((id) => shown.has(id)).map((id) => `${id} came back`)]
  }
}

/** What hangs says what it is. */
async function inTime(work: Promise<unknown> | undefined, what: () => string): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Without an end: ${what()}.`)), SOON.timeout)
  await Promise.race([work, promise]).finally(() => clearTimeout(timer))
}

test(
  `${ACTIONS} random actions over ${TABS} tabs that are killed at random end with the same everywhere, and nothing lost`,
  {
    timeout: 240_000,
  },
  async () => {
    const chance = new Chance(20_261_124)
    const host = await startServer()
    const [mine, yours] = [await newDevice(bench), await newDevice(bench)]
    const tabs: TabHandle[] = []
    for (let at = 0; at < TABS; at++) tabs.push(await openTab(mine, bench, host))
    const other = await openTab(yours, bench, host)
    const promised = new Promised()
    const frozen = new Map<number, () => Promise<void>>()
    const happened: Record<string, number> = {}

    const anew = async (at: number): Promise<void> => {
      frozen.delete(at)
      tabs[at] = await openTab(mine, bench, host)
    }
    const write = async (tab: TabHandle, action: number): Promise<void> => {
      const [id, field] = [`note${chance.below(NOTES)}`, `f${action}`]
      if ((await tab.write(id, { [field]: `${action}` })) === undefined) promised.wrote(id, field)
    }
    const actions: Readonly<
      Record<string, readonly [weight: number, act: (at: number, action: number) => Promise<void>]>
    > = {
      write: [60, async (at, action) => write(tabs[at] as TabHandle, action)],
      writeElsewhere: [10, async (_, action) => write(other, action)],
      writeInAll: [
        8,
        async (_, action) => {
          const awake = tabs.filter((_tab, at) => !frozen.has(at))
          await Promise.all(awake.map(async (tab, at) => write(tab, action + at / 10)))
        },
      ],
      remove: [
        6,
        async (at, action) => {
          const tab = tabs[at] as TabHandle
          const id = `gone${action}`
          await tab.write(id, { text: 'soon gone' })
          if ((await tab.remove(id)) === undefined) promised.removed(id)
        },
      ],
      cutDatabase: [5, async (at) => tabs[at]?.cutDatabase()],
      crash: [
        2,
        async (at) => {
          await tabs[at]?.crash()
          await anew(at)
        },
      ],
      crashWhileWriting: [
        2,
        async (at, action) => {
          const tab = tabs[at] as TabHandle
          const writing = write(tab, action).catch(() => undefined)
          await tab.crash()
          await writing
          await anew(at)
        },
      ],
      close: [
        2,
        async (at) => {
          await tabs[at]?.page.close()
          await anew(at)
        },
      ],
      reload: [
        2,
        async (at) => {
          await tabs[at]?.page.reload()
          await tabs[at]?.open({ server: host.url, space: 'stories', store: 'app' })
        },
      ],
      freeze: [
        1,
        async (at) => {
          if (frozen.size < TABS - 1) frozen.set(at, await (tabs[at] as TabHandle).freeze())
        },
      ],
      restart: [
        1,
        async () => {
          await host.down()
          await host.up()
        },
      ],
    }
    const thaw = async (at: number): Promise<void> => {
      const wake = frozen.get(at)
      frozen.delete(at)
      await wake?.()
    }

    for (let action = 0; action < ACTIONS; action++) {
      const name = chance.weighted(Object.entries(actions).map(([one, [weight]]) => [one, weight] as const))
      const at = chance.below(TABS)
      // Whoever is asked for something is awake; the others sleep on.
      if (frozen.has(at)) await thaw(at)
      happened[name] = (happened[name] ?? 0) + 1
      const done = actions[name]?.[1](at, action)
      await inTime(done, () => `action ${action}, ${name} in tab ${at} with ${[...frozen.keys()].join(' and ')} frozen`)
    }
    for (const at of frozen.keys()) await thaw(at)

    const all = [...tabs, other]
    await inTime(Promise.all(all.map(async (tab) => tab.synced())), () => 'syncing in the end')
    const shown = async (): Promise<readonly string[]> =>
      Promise.all(all.map(async (tab) => JSON.stringify(await tab.notes())))
    await expect.poll(async () => new Set(await shown()).size, SOON).toBe(1)
    expect(promised.missingIn(await other.notes())).toEqual([])
    for (const tab of all) expect(await tab.status()).toMatchObject({ pending: 0, rejected: 0 })
    expect(Object.keys(happened).toSorted()).toEqual(Object.keys(actions).toSorted())
  },
)
