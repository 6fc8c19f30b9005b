/** Which web pages may read the answers. */
export interface CorsOptions {
  /** Exact origins, as a browser sends them: `https://app.example.org`. A pattern or `*` is refused. */
  readonly origins: readonly string[]
}

/** What the protocol uses, and no more. */
const METHODS = 'GET, POST, DELETE'
const REQUEST_HEADERS = 'authorization, content-type'
const ANSWER_HEADERS = 'retry-after'
/** The longest that browsers keep the answer to a preflight: two hours. */
const PREFLIGHT_SECONDS = 7200

/**
 * An origin has a scheme, a host and perhaps a port, nothing else: what a browser compares letter by letter. `null` is
 * the origin of every sandboxed frame of every site, so it is none.
 */
export function isOrigin(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/.test(value)) return false
  if (!/^https?:/.test(value)) return true
  return URL.canParse(value) && new URL(value).origin === value
}

/** A browser asking whether it may send the real request. */
export const isPreflight = (request: Request): boolean =>
  request.method === 'OPTIONS' && request.headers.has('origin') && request.headers.has('access-control-request-method')

/**
 * What tells a browser that the page may read the answer: nothing for a page that is not on the list. Hono's middleware
 * gives such a page all but the one header, and does not see the answers of a server that is closing.
 */
export function corsHeaders(request: Request, origins: readonly string[]): Readonly<Record<string, string>> {
  const origin = request.headers.get('origin')
  if (origin === null || !origins.includes(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    ...(isPreflight(request)
      ? {
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': REQUEST_HEADERS,
          'access-control-max-age': String(PREFLIGHT_SECONDS),
        }
      : { 'access-control-expose-headers': ANSWER_HEADERS }),
  }
}
