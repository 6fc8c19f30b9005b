import { createServer } from '../create-server.ts'
import { sqliteStore } from '../sqlite-store.ts'
import { TestClient } from './test-client.ts'

/** Pushes without end, and prints each counter that was acknowledged: `node writing-process.ts <file> <name>`. */
const [path = ':memory:', name = 'anna'] = process.argv.slice(2)
const server = createServer({ store: sqliteStore(path) })
const client = await new TestClient(async (request) => server.fetch(request), name).meet()
for (;;) {
  for (let n = 0; n < 3; n++) client.create(`d${client.counter}`, { n: client.counter })
  const { acknowledged } = await client.push()
  process.stdout.write(`${acknowledged[0]?.counter}\n`)
}
