import { expect, test } from 'vitest'
import { loadSqlite } from './index.ts'

test.each([{ node: '22.23.3' }, { node: '24.14.9' }, { node: '24.15.0', sqlite: '3.51.2' }])(
  'what can lose a commit is sqlite_unsafe: %o',
  (runtime) => {
    expect(() => loadSqlite(runtime)).toThrowError(expect.objectContaining({ code: 'sqlite_unsafe' }))
  },
)

test.each([undefined, { node: '24.15.0' }, { node: '26.0.0', sqlite: '3.51.3' }])('and not %o', (runtime) => {
  expect(new (loadSqlite(runtime).DatabaseSync)(':memory:').isOpen).toBe(true)
})
