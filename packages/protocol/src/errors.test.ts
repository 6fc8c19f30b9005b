import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { REFUSAL_CODES, SyncError, isSyncError, toSyncError } from './errors.ts'

/** The codes of the union, read from its source: a type is not there when a test runs. */
function codes(): string[] {
  const source = readFileSync(new URL('./errors.ts', import.meta.url), 'utf8')
  const union = /export type SyncErrorCode =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
  return [...[...union.matchAll(/\| '(\w+)'/g)].map(([, code]) => code as string), ...REFUSAL_CODES]
}

const guide = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8')
const sections = new Map(
  guide
    .split(/^### /m)
    .slice(1)
    .map((section): [string, string] => [/^`(\w+)`/.exec(section)?.[1] ?? '', section]),
)

describe('docs/errors.md', () => {
  test('explains every code once, and no other', () => {
    expect(codes().length).toBeGreaterThan(40)
    expect([...sections.keys()].sort()).toEqual(codes().sort())
    expect(guide.match(/^### /gm)).toHaveLength(sections.size)
  })

  test('says of every code when it is raised, what becomes of the work and what to do', () => {
    for (const [code, section] of sections) {
      expect([code, ...(section.match(/^\*\*(Raised|Your work|Do)\.\*\*/gm) ?? [])]).toEqual([
        code,
        '**Raised.**',
        '**Your work.**',
        '**Do.**',
      ])
    }
  })
})

describe('a SyncError', () => {
  test('carries a code, a sentence, a fix, a cause and details', () => {
    const cause = new Error('disk')
    const error = new SyncError('store_failed', 'The commit failed.', {
      fix: 'Free some space.',
      cause,
      details: { path: ['a'] },
    })
    expect(error).toMatchObject({
      name: 'SyncError',
      code: 'store_failed',
      message: 'The commit failed.',
      fix: 'Free some space.',
      cause,
      details: { path: ['a'] },
    })
    const bare = new SyncError('closed', 'Closed.')
    expect([bare.fix, bare.details, 'cause' in bare]).toEqual([undefined, {}, false])
  })

  test('is recognised by its mark, so that two copies of the package agree', () => {
    class Foreign extends Error {}
    const foreign = new Foreign('from another copy')
    Object.defineProperty(foreign, Symbol.for('whisker.SyncError'), { value: true })
    expect([isSyncError(foreign), isSyncError(new SyncError('closed', ''))]).toEqual([true, true])
    for (const other of [new Error('a'), { code: 'closed' }, null, undefined, 'closed'])
      expect(isSyncError(other)).toBe(false)
  })

  test('wraps anything thrown once', () => {
    const error = new SyncError('closed', '')
    expect(toSyncError(error, 'network')).toBe(error)
    const wrapped = toSyncError(new TypeError('failed to fetch'), 'network')
    expect([wrapped.code, wrapped.message, wrapped.cause instanceof TypeError]).toEqual([
      'network',
      'failed to fetch',
      true,
    ])
    expect(toSyncError('text', 'network').message).toBe('text')
    expect(isSyncError(toSyncError(undefined, 'network'))).toBe(true)
  })
})
