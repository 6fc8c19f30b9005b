import { type ReactNode, createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { SyncProvider, useCollection, useConflicts, useDocument, usePresence, useSyncStatus } from './index.ts'

const Page = (): ReactNode =>
  JSON.stringify([
    useDocument('stories', 'a') ?? 'none',
    useCollection('stories'),
    useConflicts('stories'),
    useSyncStatus().state,
    usePresence().members,
  ])

test('on a server everything is empty, and nothing is opened', () => {
  const html = renderToString(createElement(SyncProvider, { engine: undefined }, createElement(Page)))
  expect(JSON.parse(html.replaceAll('&quot;', '"'))).toEqual(['none', [], [], 'stopped', []])
})

test('a hook outside of a SyncProvider says so', () => {
  expect(() => renderToString(createElement(Page))).toThrow(
    expect.objectContaining({ code: 'invalid_options', fix: expect.stringContaining('SyncProvider') }),
  )
})
