import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ApiKey, mintApiKey } from '@whisker/server/auth'
import { expect, test } from 'vitest'
import { type Access, readAccess } from './access.ts'
import type { IdentitySettings, JwtSettings } from './settings.ts'
import { newFolder } from './testing/folder.ts'

const { key, hash } = mintApiKey()
const keyOf = (principal: ApiKey['principal'], more: Partial<ApiKey> = {}): ApiKey => ({
  hash: mintApiKey().hash,
  principal,
  ...more,
})

/** A file in a folder of its own. */
function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(newFolder(), name)
  writeFileSync(path, content)
  return path
}

const keysIn = (content: unknown): IdentitySettings => ({
  kind: 'keys',
  file: fileOf('keys.json', typeof content === 'string' ? content : JSON.stringify(content)),
})
const rightsIn = (rules: unknown): string => fileOf('rights.json', JSON.stringify(rules))

const read = (keys: readonly ApiKey[], rights = 'own'): Access => readAccess({ identity: keysIn(keys), rights })

const jwtWith = (more: Partial<JwtSettings>): IdentitySettings => ({
  kind: 'jwt',
  algorithm: 'HS256',
  audience: 'sync',
  issuer: 'https://id.example',
  secretFile: undefined,
  jwks: undefined,
  ...more,
})
const secretIn = (content: string | Uint8Array): IdentitySettings => jwtWith({ secretFile: fileOf('secret', content) })
const jwksAt = (jwks: string): IdentitySettings => jwtWith({ algorithm: 'EdDSA', jwks })

test('what was read is told in numbers', () => {
  const keys = [keyOf('ada'), keyOf('bob'), keyOf('ada', { expiresAt: Date.UTC(2020, 0, 1) })]
  expect(read(keys).contents).toBe('3 keys, 1 of them expired')
  const rules = [{ principals: ['*'], spaces: ['novel'], may: ['read'] }]
  expect(read([keyOf('ada')], rightsIn(rules)).contents).toBe('1 key; 1 entry of rights')
  expect(readAccess({ identity: undefined, rights: 'all' })).toMatchObject({ contents: '', warnings: [] })
  expect(readAccess({ identity: secretIn('x'.repeat(32)), rights: 'own' }).contents).toBe('the secret of tokens')
  expect(readAccess({ identity: jwksAt('https://id.example/keys'), rights: 'own' }).contents).toContain('public keys')
})

test('lists in which nothing looks like a mistake are warned of nothing', () => {
  const rules = [
    { principals: ['ada', 'bob'], spaces: ['novel', 'novel.*', '*'], may: ['read'] },
    { principals: ['*'], spaces: ['notices'], may: ['read'] },
  ]
  const keys = [keyOf('ada'), keyOf({ id: 'bob' }, { expiresAt: Date.UTC(2100, 0, 1) })]
  expect(read(keys, rightsIn(rules)).warnings).toEqual([])
  expect(read(keys).warnings).toEqual([])
})

const ruleOf = (more: object): object => ({ principals: ['*'], spaces: ['novel'], may: ['read'], ...more })
test.for<[string, () => Access, string]>([
  ['an empty list of keys', () => read([]), 'There are no keys, so nobody can come in.'],
  ['an empty list of rights', () => read([keyOf('ada')], rightsIn([])), 'There are no rights'],
  [
    'a key that has expired',
    () => read([keyOf('bob'), keyOf('ada', { expiresAt: Date.UTC(2020, 0, 1) })]),
    'keys[1], of "ada", expired at 2020-01-01T00:00:00.000Z.',
  ],
  ['a principal with a dot under `own`', () => read([keyOf('ada.x')]), '"ada.x" has no spaces'],
  ['a principal that no space can be called as', () => read([keyOf('ada b')]), '"ada b" has no spaces'],
  [
    'rights for a space that there cannot be',
    () => read([keyOf('ada')], rightsIn([ruleOf({}), ruleOf({ spaces: ['no vel'] })])),
    'rights[1] is for "no vel", and no space can be called so',
  ],
  [
    'rights for spaces that there cannot be',
    () => read([keyOf('ada')], rightsIn([ruleOf({ spaces: ['.novel*'] })])),
    '".novel*"',
  ],
  [
    'rights for somebody whom no key names',
    () => read([keyOf('ada')], rightsIn([ruleOf({ principals: ['adaa'] })])),
    'rights[0] is for "adaa", who has no key. Did you mean "ada"?',
  ],
])('%s is warned of', ([, access, what]) => {
  expect(access().warnings).toEqual([expect.stringContaining(what)])
})

test('whom tokens may name is not known, so rights for anybody are no mistake', () => {
  const rights = rightsIn([ruleOf({ principals: ['ada.x'] })])
  expect(readAccess({ identity: secretIn('x'.repeat(32)), rights }).warnings).toEqual([])
})

const wrongKeys = (...wrong: readonly unknown[]) => keysIn([keyOf('ada'), ...wrong])
test.for<[string, () => IdentitySettings, RegExp]>([
  ['keys that are no JSON', () => keysIn(`[${key}`), /^WHISKER_API_KEYS=.*keys\.json: Expected JSON/],
  ['keys that are no list', () => keysIn({ [key]: 'ada' }), /^WHISKER_API_KEYS=.*keys\.json: Expected a list of keys/],
  [
    'a key in plain sight',
    () => wrongKeys({ principal: 'bob', hash: key }),
    /^WHISKER_API_KEYS=.*`hash` of `keys\[1]`/,
  ],
  ['a key for its name', () => wrongKeys({ [key]: 'bob' }), /^WHISKER_API_KEYS=.*`keys\[1]`/],
  ['a time in seconds', () => wrongKeys(keyOf('bob', { expiresAt: 1_893_456_000 })), /keys\[1].*look like seconds/],
  ['one key for two', () => wrongKeys({ principal: 'bob', hash }, { principal: 'eve', hash }), /keys\[1].*keys\[2]/],
  ['a secret of any bytes', () => secretIn(new Uint8Array(40).fill(0xff)), /^WHISKER_JWT_SECRET_FILE=.*UTF-8/],
  ['a short secret', () => secretIn(`${key.slice(0, 31)}\n\n`), /^WHISKER_JWT_SECRET_FILE=.*at least 32 bytes/],
  ['public keys that others can change', () => jwksAt(`http://ada:${key}@id.example/`), /^WHISKER_JWT_JWKS: .*https:/],
  ['public keys that are not there', () => jwksAt('none.json'), /^WHISKER_JWT_JWKS: .*none\.json/],
])('%s are refused by their variable, and nothing secret is shown', ([, identity, what]) => {
  let thrown: unknown
  try {
    readAccess({ identity: identity(), rights: 'own' })
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'invalid_options', message: expect.stringMatching(what) })
  expect(JSON.stringify([String(thrown), thrown])).not.toContain(key.slice(0, 31))
})

test('white space around a secret is no part of it, and a secret of text is told how to make', () => {
  expect(() => readAccess({ identity: secretIn(`\n ${'x'.repeat(32)} \n`), rights: 'own' })).not.toThrow()
  const fix = 'Write it as text: openssl rand -base64 48 > secret'
  expect(() => readAccess({ identity: secretIn(new Uint8Array([0xc3, 0x28])), rights: 'own' })).toThrow(
    expect.objectContaining({ fix }),
  )
})
