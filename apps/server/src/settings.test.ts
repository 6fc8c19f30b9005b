import { expect, test } from 'vitest'
import { settingsFrom } from './settings.ts'

test('with nothing set, it is a server for this machine alone', () => {
  expect(settingsFrom({ PATH: '/bin' })).toEqual({
    database: 'whisker.db',
    host: '127.0.0.1',
    port: 8787,
    metricsPort: undefined,
    origins: [],
    identity: undefined,
    rights: 'all',
    isBehindProxy: false,
    logsRequests: true,
  })
})

test('each setting comes from its variable', () => {
  const settings = settingsFrom({
    WHISKER_DATABASE: '/data/a.db',
    WHISKER_HOST: '0.0.0.0',
    WHISKER_PORT: '80',
    WHISKER_METRICS_PORT: '9464',
    WHISKER_ORIGINS: 'https://a.example, capacitor://localhost',
    WHISKER_API_KEYS: 'keys.json',
    WHISKER_RIGHTS: 'rights.json',
    WHISKER_BEHIND_PROXY: 'yes',
    WHISKER_LOG_REQUESTS: 'no',
  })
  expect(settings).toEqual({
    database: '/data/a.db',
    host: '0.0.0.0',
    port: 80,
    metricsPort: 9464,
    origins: ['https://a.example', 'capacitor://localhost'],
    identity: { kind: 'keys', file: 'keys.json' },
    rights: 'rights.json',
    isBehindProxy: true,
    logsRequests: false,
  })
})

const JWT = { WHISKER_JWT_AUDIENCE: 'sync', WHISKER_JWT_ISSUER: 'https://id.example' }

test('JWT come with a secret, or with the keys of their issuer', () => {
  const shared = { ...JWT, WHISKER_JWT_ALGORITHM: 'HS256', WHISKER_JWT_SECRET_FILE: 'secret' }
  expect(settingsFrom(shared).identity).toMatchObject({ kind: 'jwt', algorithm: 'HS256', secretFile: 'secret' })
  const published = { ...JWT, WHISKER_JWT_ALGORITHM: 'EdDSA', WHISKER_JWT_JWKS: 'https://id.example/keys' }
  expect(settingsFrom(published).identity).toMatchObject({ algorithm: 'EdDSA', jwks: 'https://id.example/keys' })
})

test.for<[string, Record<string, string>, string]>([
  ['a port that is none', { WHISKER_PORT: '80 80' }, 'WHISKER_PORT'],
  ['a port that is too high', { WHISKER_PORT: '65536' }, 'at most 65535'],
  ['a variable that there is not', { WHISKER_PROT: '80' }, 'WHISKER_PROT'],
  ['a variable with a letter too few', { WHISKER_PRT: '80' }, 'There is no WHISKER_PRT. Did you mean WHISKER_PORT?'],
  ['a variable without its end', { WHISKER_JWT_SECRET: 's' }, 'Did you mean WHISKER_JWT_SECRET_FILE?'],
  ['one port for two', { WHISKER_METRICS_PORT: '8787' }, 'WHISKER_METRICS_PORT is 8787 as WHISKER_PORT is'],
  ['every origin', { WHISKER_ORIGINS: '*' }, 'WHISKER_ORIGINS[0]'],
  ['an origin with a path', { WHISKER_ORIGINS: 'https://a.example,https://b.example/' }, 'WHISKER_ORIGINS[1]'],
  ['an origin with the usual port', { WHISKER_ORIGINS: 'https://a.example:443' }, 'Expected an exact origin'],
  ['a flag that is neither', { WHISKER_BEHIND_PROXY: 'true' }, 'WHISKER_BEHIND_PROXY'],
  ['an algorithm that is not taken', { ...JWT, WHISKER_JWT_ALGORITHM: 'none' }, 'WHISKER_JWT_ALGORITHM'],
  ['keys and JWT', { ...JWT, WHISKER_API_KEYS: 'keys.json' }, 'API keys or JWT, got both'],
  ['JWT without an algorithm', JWT, 'all three'],
  ['RS256 with a shared secret', { ...JWT, WHISKER_JWT_ALGORITHM: 'RS256', WHISKER_JWT_SECRET_FILE: 's' }, 'JWKS'],
  ['HS256 with public keys', { ...JWT, WHISKER_JWT_ALGORITHM: 'HS256', WHISKER_JWT_JWKS: 'k' }, 'SECRET_FILE'],
])('%s is refused, with the name of what is wrong', ([, environment, what]) => {
  const refused = { code: 'invalid_options', message: expect.stringContaining(what) }
  expect(() => settingsFrom(environment)).toThrow(expect.objectContaining(refused))
})

test('a variable that is like none is told without a guess', () => {
  expect(() => settingsFrom({ WHISKER_FOO: '80' })).toThrow(/There is no WHISKER_FOO\.$/)
})

test('where people are known, each has their own spaces', () => {
  expect(settingsFrom({ WHISKER_API_KEYS: 'keys.json' }).rights).toBe('own')
})

test('a variable that is empty counts as not set', () => {
  expect(settingsFrom({ WHISKER_PORT: '', WHISKER_API_KEYS: '' })).toEqual(settingsFrom({}))
})
