import { isLoopbackHost } from './loopback.ts'

/**
 * On every answer, refusals and preflights included: it is data for whoever holds the token, never a page, and nobody
 * on the way keeps it. `same-origin` is for embedding only; what an app reads with `fetch` is up to `cors`.
 */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const JSON_TYPE = 'application/json'
export const JSON_HEADERS: Readonly<Record<string, string>> = { 'content-type': JSON_TYPE, ...ANSWER_HEADERS }

/** A year. Subdomains are somebody else's to decide. */
const STRICT_TRANSPORT = 'max-age=31536000'

/** Only for who came by TLS, where a browser obeys it; on loopback it would bind every other program of the machine. */
export function transportHeaders(url: string): Readonly<Record<string, string>> {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' && !isLoopbackHost(hostname) ? { 'strict-transport-security': STRICT_TRANSPORT } : {}
}
