import { describe, expect, test } from 'vitest'
import { START_MS, manualClock, seededRandom } from '../testing/manual-clock.ts'
import { NEEDS_AUTH, tokenDoor } from '../testing/token-door.ts'
import { hashApiKey, mintApiKey } from './api-key-hash.ts'
import { type ApiKey, type ApiKeysOptions, apiKeys } from './api-keys.ts'

function keyDoor(...keys: readonly ApiKey[]) {
  const clock = manualClock()
  return { ...tokenDoor(apiKeys({ keys, clock }), clock), clock }
}

describe('a key', () => {
  test('that was minted is whose the list says', async () => {
    const [anna, ben, both] = [mintApiKey(), mintApiKey(), mintApiKey()]
    const { show, known } = keyDoor(
      { hash: anna.hash, principal: 'anna' },
      { hash: ben.hash, principal: Object.assign({ id: 'ben' }, { role: 'reader' }) },
      { hash: both.hash, principal: 'anna', expiresAt: START_MS + 1 },
    )
    for (const { key } of [anna, ben, both]) expect((await show(key)).status).toBe(200)
    expect(known).toEqual([{ id: 'anna' }, { id: 'ben', role: 'reader' }, { id: 'anna', expiresAt: START_MS + 1 }])
  })

  test('that is on no list, was changed or is missing is nobody’s', async () => {
    const { key, hash } = mintApiKey()
    const { show, known } = keyDoor({ hash, principal: 'anna' })
    const wrong = [
      undefined,
      '',
      'x',
      hash,
      mintApiKey().key,
      key.slice(0, -1),
      `${key}x`,
      key.toUpperCase(),
      `${key} ${key}`,
    ]
    for (const shown of wrong) expect(await show(shown)).toMatchObject(NEEDS_AUTH)
    expect(known).toEqual([])
  })

  test('is good until it expires, by the clock of the server', async () => {
    const { key, hash } = mintApiKey()
    const { show, clock } = keyDoor({ hash, principal: 'anna', expiresAt: START_MS + 1000 })
    clock.advance(999)
    expect((await show(key)).status).toBe(200)
    clock.advance(1)
    expect(await show(key)).toMatchObject({ ...NEEDS_AUTH, message: 'The key has expired.' })
  })

  test('is nobody’s where the list is empty', async () => {
    expect(await keyDoor().show(mintApiKey().key)).toMatchObject(NEEDS_AUTH)
  })

  test('has 256 random bits, and a hash by which it cannot be told', () => {
    const { key, hash } = mintApiKey(seededRandom(1))
    expect(mintApiKey(seededRandom(1))).toEqual({ key, hash })
    expect(Buffer.from(key.replace('whisker_', ''), 'base64url')).toHaveLength(32)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hash).toBe(hashApiKey(key))
    expect(new Set(Array.from({ length: 1000 }, () => mintApiKey().key)).size).toBe(1000)
  })

  test('that is too short to be random has no hash, and is not shown', () => {
    for (const key of ['', 'hunter2', 'correct horse battery staple', 'x'.repeat(21), `${'x'.repeat(30)}\n`]) {
      expect(() => hashApiKey(key)).toThrow(
        /^Expected a key of at least 22 visible ASCII characters that were drawn by chance\.$/,
      )
    }
  })
})

describe('options', () => {
  const { key, hash } = mintApiKey()
  const wrong: readonly (readonly [what: string, options: unknown])[] = [
    ['that are none', key],
    ['that are a list', [{ hash, principal: 'anna' }]],
    ['that map keys', { [key]: 'anna' }],
    ['with keys that are no list', { keys: {} }],
    ['with a key for its hash', { keys: [{ hash: key, principal: 'anna' }] }],
    ['with a key in plain sight', { keys: [{ key, principal: 'anna' }] }],
    ['with a list of keys', { keys: [key] }],
    ['with a hash in capitals', { keys: [{ hash: hash.toUpperCase(), principal: 'anna' }] }],
    ['with a key of nobody', { keys: [{ hash, principal: '' }] }],
    ['with a key of what has no id', { keys: [{ hash, principal: { name: 'anna' } }] }],
    ['with an end in seconds', { keys: [{ hash, principal: 'anna', expiresAt: 1_893_456_000 }] }],
    [
      'with one key for two',
      {
        keys: [
          { hash, principal: 'anna' },
          { hash, principal: 'ben' },
        ],
      },
    ],
    ['with an end that is none', { keys: [{ hash, principal: 'anna', expiresAt: '2026-01-01' }] }],
  ]
  test.each(wrong)('%s are refused, and no key is shown', (_, options) => {
    let thrown: unknown
    try {
      apiKeys(options as ApiKeysOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'invalid_options', fix: expect.any(String) })
    expect(JSON.stringify([String(thrown), thrown])).not.toContain(key)
  })

  test('that are wrong are told by the place in the list', () => {
    const right = { hash: mintApiKey().hash, principal: 'anna' }
    const of = (second: object) => () => apiKeys({ keys: [right, second as ApiKey] })
    expect(of({ hash: key, principal: 'ben' })).toThrow('`hash` of `keys[1]`')
    expect(of({ hash, principal: 'ben', expiresAt: 1_893_456_000 })).toThrow('these look like seconds')
    expect(of({ hash: right.hash, principal: 'ben' })).toThrow('the hash of `keys[0]` again in `keys[1]`')
  })
})
