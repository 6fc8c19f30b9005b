import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import * as sqlite from 'node:sqlite'
import { expect, test } from 'vitest'
import { isTaken, lockFile, openLock, takeLock } from './index.ts'
import { newPath } from './testing/notes.ts'
import { startProcess } from './testing/processes.ts'

test('one connection at a time has a lock, and it is free when given', () => {
  const file = lockFile(newPath())
  const [one, other] = [openLock(sqlite, file), openLock(sqlite, file)]
  expect([one.take(), other.take(), one.take()]).toEqual([true, false, true])
  one.give()
  expect([other.take(), one.take()]).toEqual([true, false])
  other.close()
  expect(one.take()).toBe(true)
  one.close()
})

test('locks of other names on one store do not meet', () => {
  const path = newPath()
  const locks = [undefined, 'a', 'b'].map((name) => takeLock(sqlite, lockFile(path, name)))
  expect(locks).toEqual(Array.from({ length: 3 }, () => expect.anything()))
  for (const lock of locks) lock?.close()
  expect(readdirSync(dirname(path)).toSorted()).toEqual(['notes.db-lock', 'notes.db-lock-a', 'notes.db-lock-b'])
})

test('whether a lock is taken can be asked without making its file', () => {
  const path = newPath()
  expect(isTaken(sqlite, lockFile(path))).toBe(false)
  expect(readdirSync(dirname(path))).toEqual([])
  const lock = takeLock(sqlite, lockFile(path))
  expect(isTaken(sqlite, lockFile(path))).toBe(true)
  lock?.close()
  expect(isTaken(sqlite, lockFile(path))).toBe(false)
})

test('the lock of a process that is killed is free again', async () => {
  const path = newPath()
  const { child, line } = await startProcess('lock-process.ts', path)
  expect(line).toBe('locked')
  expect(takeLock(sqlite, lockFile(path))).toBeUndefined()
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = takeLock(sqlite, lockFile(path))
  expect(lock).toBeDefined()
  lock?.close()
})
