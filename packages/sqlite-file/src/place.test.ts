import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { IN_MEMORY, checkedPath, realPath } from './index.ts'
import { newPath } from './testing/notes.ts'

test('a path is made absolute, and `:memory:` is none', () => {
  const path = newPath()
  expect(checkedPath(relative(process.cwd(), path), "notes('notes.db')")).toBe(path)
  expect(checkedPath(':memory:', "notes('notes.db')")).toBe(IN_MEMORY)
})

test.each(['', 'a\0b', 7 as never, undefined as never])('%j is no path', (path) => {
  expect(() => checkedPath(path, "notes('notes.db')")).toThrowError(
    expect.objectContaining({ code: 'invalid_options', fix: "Write notes('notes.db')." }),
  )
})

test('all ways to a file have one name, also before it is there', () => {
  const folder = realpathSync(dirname(newPath()))
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'))
  expect(realPath(join(folder, 'link', 'notes.db'))).toBe(join(folder, 'real', 'notes.db'))
})

test('a missing folder is store_failed, and says which to make', () => {
  const folder = join(dirname(newPath()), 'missing')
  expect(() => realPath(join(folder, 'notes.db'))).toThrowError(
    expect.objectContaining({ code: 'store_failed', fix: `Make the folder ${folder} first.` }),
  )
})
