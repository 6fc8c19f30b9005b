import { setTimeout as delay } from 'node:timers/promises'
import { loadSqlite } from '../index.ts'
import { MAKE_NOTES } from './notes-kind.ts'

// Run as a process of its own: `node making-process.ts <path>` makes a store, and says so before it commits that

const [path = ''] = process.argv.slice(2)
const database = new (loadSqlite().DatabaseSync)(path)
database.exec(`BEGIN IMMEDIATE; ${MAKE_NOTES}`)
process.stdout.write('making\n')
await delay(500)
database.exec('COMMIT')
database.close()
