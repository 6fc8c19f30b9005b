import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createServer } from '../../create-server.ts'
import { serve } from '../../serve.ts'
import { sqliteStore } from '../../sqlite-store.ts'
import { TestClient } from '../test-client.ts'
import { temporaryFolder } from '../test-server.ts'
import { manualClock } from '../manual-clock.ts'
import { type HostileCase, outcomeOf, wrongHeaders } from './hostile-case.ts'
import { exchange } from './raw-exchange.ts'

/** Who may do what: mallory shares a space with anna, and wants more. */
const SPACES: Readonly<Record<string, readonly string[]>> = {
  stories: ['anna', 'mallory'],
  diary: ['anna'],
  garden: ['gardener'],
}

export interface HostileWorld {
  /** A port of the server, and one that gives up on slow connections soon. */
  readonly port: number
  readonly hastyPort: number
  readonly anna: TestClient
  /** A replica of mallory's that the server knows up to its first operation. */
  readonly mallory: TestClient
  /**
   * Sends the cases, and between them what a gardener pushes and pulls in a space of their own. Tells all the harm
   * that was done: answers that are not as expected, rows that changed outside the garden, failures in the log.
   */
  harmOf(cases: readonly HostileCase[], port: number): Promise<readonly string[]>
  /** How often each status and code was seen. */
  readonly seen: ReadonlyMap<string, number>
}

/** How many cases run at a time. */
const AT_ONCE = 20

/** A server on a file behind two real sockets, with spaces of several people. Its clock stands. */
export async function hostileWorld(): Promise<HostileWorld> {
  const path = join(temporaryFolder(), 'sync.db')
  const clock = manualClock()
  const failures: string[] = []
  const server = createServer({
    store: sqliteStore(path),
    clock,
    authenticate: (request) => {
      const name = /^Bearer (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
      return name === undefined || name === 'stale' ? undefined : { id: name }
    },
    // Only anna may send a device away.
    authorize: ({ id }, space, action) =>
      (action !== 'manage' || id === 'anna') && Object.hasOwn(SPACES, space) && (SPACES[space] ?? []).includes(id),
    log: (line) => {
      if ((JSON.parse(line) as { status: number }).status >= 500) failures.push(line)
    },
  })
  const running = await serve(server, { port: 0 })
  const hasty = await serve(server, { port: 0, timeouts: { headersMs: 400, requestMs: 800 } })
  onTestFinished(async () => {
    await running.close()
    await hasty.close()
  })

  const over = async (request: Request): Promise<Response> => {
    const body = request.method === 'GET' ? {} : { body: await request.text() }
    return fetch(request.url.replace('http://localhost', running.url), {
      method: request.method,
      headers: request.headers,
      ...body,
    })
  }
  const member = async (name: string, space: string): Promise<TestClient> =>
    new TestClient(over, name, space, { authorization: `Bearer ${name}` }).meet()
  const anna = await member('anna', 'stories')
  const diarist = new TestClient(over, 'diarist', 'diary', { authorization: 'Bearer anna' })
  await diarist.meet()
  const mallory = await member('mallory', 'stories')
  const gardener = await member('gardener', 'garden')
  for (const client of [anna, diarist, mallory]) {
    // So that every number of a position is one to be wrong about.
    await client.pull()
    client.create(`of-${client.device.name}`, { title: 'good', pages: [1, 2] })
    await client.push()
  }

  let served = 0
  async function serveGardener(): Promise<string[]> {
    gardener.create(`bed-${served}`, { n: served })
    const { to } = await gardener.push()
    const { head } = await gardener.pull()
    served++
    return to === served && head === served ? [] : [`the gardener is at ${head} after ${served} pushes`]
  }

  await serveGardener()

  const seen = new Map<string, number>()
  async function run({ name, sending, expected }: HostileCase, port: number): Promise<string[]> {
    try {
      const answers = await exchange(port, sending)
      const outcome = outcomeOf(answers)
      for (const one of outcome.split(', ')) seen.set(one, (seen.get(one) ?? 0) + 1)
      const complaints = answers.flatMap(wrongHeaders)
      if (outcome !== expected)
        complaints.push(`expected '${expected}', got '${outcome}' ${answers[0]?.body.slice(0, 200)}`)
      return complaints.map((complaint) => `${name}: ${complaint}`)
    } catch (thrown) {
      return [`${name}: ${String(thrown)}`]
    }
  }

  return {
    port: Number(new URL(running.url).port),
    hastyPort: Number(new URL(hasty.url).port),
    anna,
    mallory,
    seen,
    async harmOf(cases, port) {
      const before = JSON.stringify(rowsOf(path))
      const harm: string[] = []
      for (let at = 0; at < cases.length; at += AT_ONCE) {
        const batch = cases.slice(at, at + AT_ONCE)
        harm.push(...(await Promise.all([...batch.map(async (one) => run(one, port)), serveGardener()])).flat())
      }
      if (JSON.stringify(rowsOf(path)) !== before) harm.push('Rows of others have changed.')
      return [...harm, ...failures]
    },
  }
}

/** Every row of every table, but those of the garden. */
function rowsOf(path: string): Record<string, readonly unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const garden = database.prepare("SELECT id FROM space WHERE name = 'garden'").get() as { id: number }
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]
    return Object.fromEntries(
      tables.map(({ name }) => {
        const columns = database
          .prepare(`SELECT name FROM pragma_table_info('${name}')`)
          .all()
          .map((row) => row['name'])
        const others = columns.includes('space')
          ? `WHERE space <> ${garden.id}`
          : columns.includes('document')
            ? `WHERE document NOT IN (SELECT id FROM document WHERE space = ${garden.id})`
            : name === 'space'
              ? `WHERE id <> ${garden.id}`
              : ''
        return [name, database.prepare(`SELECT * FROM "${name}" ${others}`).all()]
      }),
    )
  } finally {
    database.close()
  }
}
