import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chanceFrom } from './testing/random.ts'
import { dot } from './testing/writing.ts'
import {
  checkName,
  compareDots,
  compareReplicas,
  copyId,
  copyStem,
  formatDot,
  isDeviceId,
  isDocumentId,
  isEpochId,
  isName,
  isReplicaId,
  mintDeviceId,
  mintDocumentId,
  mintEpochId,
  mintReplicaId,
  sameDot,
} from './identity.ts'
import type { Random } from './environment.ts'

const seeded = (seed: number): Random => {
  const { below, fraction } = chanceFrom(seed)
  return { fraction, bytes: (count) => Uint8Array.from({ length: count }, () => below(256)) }
}

describe('minted ids', () => {
  test('have their form and do not repeat', () => {
    const random = seeded(1)
    const made = Array.from(
      { length: 1000 },
      () => [mintReplicaId(random), mintDeviceId(random), mintEpochId(random)] as const,
    )
    for (const [replica, device, epoch] of made) {
      expect([isReplicaId(replica), isDeviceId(device), isEpochId(epoch)]).toEqual([true, true, true])
    }
    expect(new Set(made.flat()).size).toBe(3000)
  })

  test('use every letter of their alphabet about equally often', () => {
    const random = seeded(2)
    const counts = new Map<string, number>()
    for (let index = 0; index < 4000; index++)
      for (const letter of mintReplicaId(random)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(64)
    for (const count of counts.values()) expect(count).toBeGreaterThan(800)
  })

  test('of documents sort by the time they were made, and are names', () => {
    const random = seeded(3)
    fc.assert(
      fc.property(fc.nat(2 ** 44), fc.integer({ min: 1, max: 2 ** 40 }), (earlier, gap) => {
        const [first, second] = [mintDocumentId(random, earlier), mintDocumentId(random, earlier + gap)]
        expect(first < second).toBe(true)
        expect([isName(first), first.length]).toEqual([true, 21])
      }),
    )
    expect(mintDocumentId(random, -5).startsWith('000000000')).toBe(true)
  })
})

describe('names', () => {
  test.each([
    'a',
    '_',
    '0',
    'A-b.c~d:e_f',
    'x'.repeat(128),
    '__defineGetter__',
    '__proto__',
    'constructor',
    'toString',
  ])('may be %s', (name) => {
    expect(isName(name)).toBe(true)
    expect(() => checkName(name, 'collection')).not.toThrow()
  })

  test.each([
    '',
    '-a',
    '.',
    '..',
    '~a',
    ':a',
    'a/b',
    'a\\b',
    'a b',
    'é',
    'a\u0000',
    'a\n',
    'x'.repeat(129),
    1,
    null,
    undefined,
    {},
  ])('may not be %j', (name) => {
    expect(isName(name)).toBe(false)
    expect(() => checkName(name, 'collection')).toThrow(expect.objectContaining({ code: 'invalid_id' }))
  })

  test('ids of another kind are told apart', () => {
    const replica = dot('A', 1).replica
    expect([isReplicaId(replica), isDeviceId(replica)]).toEqual([true, false])
    for (const value of [`${replica}x`, replica.slice(1), `${replica.slice(1)}.`, `${replica}\n`, 5, null])
      expect(isReplicaId(value)).toBe(false)
  })
})

describe('copies', () => {
  test('carry the document and the write in their id', () => {
    expect(copyId('dragon', dot('A', 17))).toBe('dragon~A000000000000000:17')
    expect(copyStem('dragon~A000000000000000:17')).toEqual({ document: 'dragon', dot: dot('A', 17) })
    expect([copyStem('dragon'), copyStem('a~b:c'), copyStem('dragon~A000000000000000:0')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('of a copy keep the first id as their stem, so ids do not grow', () => {
    const first = copyId('dragon', dot('A', 1))
    expect(copyId(first, dot('B', 2))).toBe('dragon~B000000000000000:2')
  })

  test('of a document with the longest name can still be named, within 256 characters', () => {
    const id = copyId('x'.repeat(128), dot('A', Number.MAX_SAFE_INTEGER))
    expect(isDocumentId(id)).toBe(true)
    expect(isName(id)).toBe(false)
    expect(id.length).toBeLessThanOrEqual(256)
    expect(() => checkName(id, 'document')).not.toThrow()
    expect(() => checkName(id, 'collection')).toThrow(expect.objectContaining({ code: 'invalid_id' }))
  })

  test('of a document whose own name holds a tilde point back to it', () => {
    const id = copyId('draft~2', dot('B', 3))
    expect(copyStem(id)).toEqual({ document: 'draft~2', dot: dot('B', 3) })
  })
})

describe('order', () => {
  test('of replica ids is that of their bytes', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{16}$/)
    fc.assert(
      fc.property(id, id, (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b))
        expect(Math.sign(compareReplicas(a as never, b as never))).toBe(Math.sign(bytes))
      }),
    )
  })

  test('of dots is by replica, then by counter as a number', () => {
    const dots = [dot('B', 1), dot('A', 10), dot('A', 9)]
    expect(dots.sort(compareDots).map(formatDot)).toEqual([
      'A000000000000000:9',
      'A000000000000000:10',
      'B000000000000000:1',
    ])
    expect([
      sameDot(dot('A', 1), dot('A', 1)),
      sameDot(dot('A', 1), dot('A', 2)),
      sameDot(dot('A', 1), dot('B', 1)),
    ]).toEqual([true, false, false])
  })
})
