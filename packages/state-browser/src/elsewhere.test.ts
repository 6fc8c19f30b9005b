import type { DeviceId } from '@whisker/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { browserState } from './index.ts'
import { startBench, startServer, newDevice, newTab } from './testing/tabs.ts'

test('on a server that renders pages it can be made, and only opening it is no_indexeddb', async () => {
  const state = browserState({ name: 'app' })
  expect([await state.persist(), await state.estimate()]).toEqual([false, { usage: 0, quota: 0, isPersistent: false }])
  await expect(state.open('stories', () => 'A'.repeat(22) as DeviceId)).rejects.toMatchObject({
    code: 'no_indexeddb',
    fix: expect.any(String),
  })
})

test('on a page that did not come over https it is insecure_context, with the cure', async () => {
  const bench = await startBench(['--host-resolver-rules=MAP app.example 127.0.0.1'])
  onTestFinished(async () => bench.close())
  const host = await startServer()
  const tab = await newTab(await newDevice(bench), bench.url.replace('127.0.0.1', 'app.example'))
  await expect(tab.open({ server: host.url, space: 'stories', store: 'app' })).rejects.toThrow('not loaded over https')
})
