import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TestClient } from '../test-client.ts'
import { checkOf } from './checks.ts'
import { gardeners, httpSend } from './gardeners.ts'
import type { HostileCase } from './hostile-case.ts'
import type { ServerState } from './hostile-ports.ts'
import { HostileProcess } from './hostile-process.ts'
import { exchange } from './raw-exchange.ts'
import { talk } from './socket-exchange.ts'
import { rowsBeside } from './stored-rows.ts'
import { outcomeOf, shownBy, wrongHeaders } from './what-came-back.ts'

/** What one case came to. */
export interface Finding {
  readonly one: HostileCase
  /** The check that refused it; `none` if it did no harm, undefined if that cannot be told. */
  readonly check: string | undefined
  /** What is not as it should be. */
  readonly complaints: readonly string[]
}

export interface Attack {
  readonly findings: readonly Finding[]
  /** Every row of the server's file, but those of the garden. */
  readonly before: unknown
  readonly after: unknown
  /** The server's process. */
  readonly calm: ServerState
  readonly attacked: ServerState
  readonly exitCode: unknown
  /** How often each of those who went on syncing did so. */
  readonly served: readonly number[]
  /** What failed for them. */
  readonly unserved: readonly string[]
}

export interface Victims {
  readonly anna: TestClient
  /** A replica of mallory's that the server knows up to its first operation. */
  readonly mallory: TestClient
}

/** How many cases run at a time. */
const AT_ONCE = 24
/** How long those who go on syncing wait in between: they are to leave the machine to the others. */
const PAUSE_MS = 20

/**
 * Sends the cases to a server in a process of its own, on a file, on which several people have something, and others go
 * on syncing meanwhile.
 */
export async function attack(casesOf: (victims: Victims) => readonly HostileCase[]): Promise<Attack> {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-hostile-'))
  const path = join(folder, 'sync.db')
  const server = await HostileProcess.start(path)
  try {
    const victims = await settle(server.ports.main)
    const honest = await gardeners(server.ports.main)
    for (const one of honest) await one.work()
    const cases = casesOf(victims)
    const calm = await server.state()
    const before = rowsBeside('garden', path)

    const over = new AbortController()
    const working = Promise.allSettled(
      honest.map(async (one) => {
        let served = 0
        for (; !over.signal.aborted; served++) {
          await one.work()
          await delay(PAUSE_MS)
        }
        return served
      }),
    )
    const findings = await inTurn(cases, async (one) => find(one, server.ports[one.port ?? 'main']))
    over.abort()
    const worked = await working
    for (const one of honest) one.close()

    const after = rowsBeside('garden', path)
    const attacked = await server.state()
    const exitCode = await server.end()
    return {
      findings,
      before,
      after,
      calm,
      attacked,
      exitCode,
      served: worked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      unserved: worked.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : [])),
    }
  } finally {
    await server.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Spaces of several people. */
async function settle(port: number): Promise<Victims> {
  const member = async (name: string, space: string, token: string = name): Promise<TestClient> =>
    new TestClient(httpSend(port), name, space, { authorization: `Bearer ${token}` }).meet()
  const anna = await member('anna', 'stories')
  const diarist = await member('diarist', 'diary', 'anna')
  const mallory = await member('mallory', 'stories')
  for (const client of [anna, diarist, mallory]) {
    // So that every number of a position is one to be wrong about.
    await client.pull()
    client.create(`of-${client.device.name}`, { title: 'good', pages: [1, 2] })
    await client.push()
  }
  return { anna, mallory }
}

async function inTurn<T, R>(all: readonly T[], task: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const left = all.entries()
  const takeSome = async (): Promise<void> => {
    for (const [at, one] of left) results[at] = await task(one)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, takeSome))
  return results
}

async function find(one: HostileCase, port: number): Promise<Finding> {
  try {
    const { shown, outcome, wrong } = await send(one, port)
    const check = checkOf(shown)
    const complaints = [...wrong]
    if (one.expected !== undefined && outcome !== one.expected)
      complaints.push(`expected '${one.expected}', got '${shown}'`)
    if (one.check !== undefined && check !== one.check)
      complaints.push(`expected the check ${one.check}, got '${shown}'`)
    if (check === undefined) complaints.push(`refused by none of the checks: '${shown}'`)
    return { one, check, complaints: complaints.map((complaint) => `${one.name}: ${complaint.slice(0, 400)}`) }
  } catch (thrown) {
    return { one, check: undefined, complaints: [`${one.name}: ${String(thrown)}`] }
  }
}

interface Shown {
  readonly shown: string
  readonly outcome: string
  readonly wrong: readonly string[]
}

async function send(one: HostileCase, port: number): Promise<Shown> {
  if ('talk' in one) {
    const shown = await talk(port, one.talk)
    return { shown, outcome: shown.split(':')[0] ?? '', wrong: [] }
  }
  const answers = await exchange(port, one.sending)
  return { shown: shownBy(answers), outcome: outcomeOf(answers), wrong: answers.flatMap(wrongHeaders) }
}
