import { lockFile, loadSqlite, takeLock } from '../index.ts'

// Run as a process of its own: `node lock-process.ts <path>` locks a store, says so, and holds the lock until it is killed

const [path = ''] = process.argv.slice(2)
process.stdout.write(takeLock(loadSqlite(), lockFile(path)) ? 'locked\n' : 'taken\n')
setInterval(() => undefined, 60_000)
