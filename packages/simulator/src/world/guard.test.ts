import { expect, test } from 'vitest'
import { Guard } from './guard.ts'
import { Rights, type Said } from './rights.ts'

function guarded() {
  const rights = new Rights()
  const place = { nowMs: 0 }
  const breaches: string[] = []
  const guard = new Guard({ rights, nowMs: () => place.nowMs, onBreach: (what) => breaches.push(what) })
  const sent: string[] = []
  const sink = (principal: string) =>
    guard.watched(principal, { bufferedBytes: 0, send: (text) => sent.push(text), end: () => {} })
  const isAnswered = (said: Said, principal: string, status: number): boolean => {
    const before = breaches.length
    guard.asked(said, principal)({ status, text: '{}' })
    return breaches.length > before
  }
  return { rights, place, breaches, guard, sent, sink, isAnswered }
}

test('who may not and is answered all the same is told of', () => {
  const { rights, isAnswered } = guarded()
  expect(isAnswered('pull', 'ann', 200)).toBe(false)
  rights.deny('ann', ['read'], 0)
  expect([200, 409, 401, 403, 500].map((status) => isAnswered('pull', 'ann', status))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
  expect([isAnswered('version', 'ann', 200), isAnswered('push', 'ann', 200)]).toEqual([true, false])
})

test('who asked before the right was taken, or has it back, may be answered', () => {
  const { rights, guard, breaches } = guarded()
  const before = guard.asked('pull', 'ann')
  rights.deny('ann', ['read'], 0)
  const during = guard.asked('pull', 'ann')
  before({ status: 200, text: '{}' })
  rights.restore('ann')
  during({ status: 200, text: '{}' })
  expect(breaches).toEqual([])
})

test('a push takes the right to write, or the right to make a space', () => {
  const { rights, isAnswered } = guarded()
  rights.deny('ann', ['write'], 0)
  expect(isAnswered('push', 'ann', 200)).toBe(false)
  rights.deny('ann', ['write', 'create'], 0)
  expect(isAnswered('push', 'ann', 200)).toBe(true)
})

test('a stranger may never do more than they were let in for', () => {
  const { rights, isAnswered } = guarded()
  rights.confine('mallory', ['read'])
  rights.restoreAll()
  const allowed = (['version', 'pull', 'push'] as const).filter((said) => !isAnswered(said, 'mallory', 200))
  expect(allowed).toEqual(['version', 'pull'])
})

test('what the server may still know of a right that was taken is no breach, and from then on it is', () => {
  const { rights, place, breaches, sent, sink, isAnswered } = guarded()
  const ann = sink('ann')
  ann.send('allowed')
  rights.deny('ann', ['read'], 1000)
  place.nowMs = 999
  ann.send('still known')
  expect([isAnswered('pull', 'ann', 200), breaches]).toEqual([false, []])
  place.nowMs = 1000
  ann.send('forbidden')
  expect([sent, breaches]).toEqual([['allowed', 'still known', 'forbidden'], [expect.stringContaining('forbidden')]])
  expect(isAnswered('pull', 'ann', 200)).toBe(true)
})
