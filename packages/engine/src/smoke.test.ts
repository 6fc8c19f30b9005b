import { expect, test } from 'vitest'
import { World, meet } from '../test-support/world.ts'
test('smoke', async () => {
  const world = new World()
  const [a, b] = await world.devices(2)
  await a.notes.create('x', { title: 'one' })
  const t = performance.now()
  await meet(a, b)
  console.log('meet', performance.now() - t)
  expect(b.notes.get('x')).toEqual({ title: 'one' })
  const t2 = performance.now()
  for (let i = 0; i < 50; i++) { a.notes.update('x', {title: 'n'+i}); await a.sync(); await b.sync() }
  console.log('100 rounds', performance.now() - t2)
  expect(b.notes.get('x')).toEqual({ title: 'n49' })
})
