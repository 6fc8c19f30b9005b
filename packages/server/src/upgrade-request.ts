import type { IncomingMessage } from 'node:http'
import { SyncError } from '@whisker/protocol'

/** A host's name or address and perhaps a port, and nothing that a URL would read as something else. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/**
 * What opens a socket, as the request that `authenticate` is asked with. Neither a cookie nor an `Authorization` is kept:
 * a browser adds the one by itself, for any page, and the other is said in the hello.
 */
export function requestOf({ url = '', rawHeaders, socket }: IncomingMessage): Request {
  try {
    const headers = new Headers()
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
    const host = headers.get('host') ?? ''
    if (!HOST.test(host) || !url.startsWith('/')) throw new TypeError('No URL can be made of it.')
    headers.delete('cookie')
    headers.delete('authorization')
    return new Request(`${'encrypted' in socket ? 'https' : 'http'}://${host}${url}`, { headers })
  } catch (cause) {
    throw new SyncError('bad_request', 'What came is not a request that opens a socket.', { cause })
  }
}

/** The same, with the token where HTTP has it. */
export function withToken(request: Request, token: string | undefined): Request {
  const headers = new Headers(request.headers)
  if (token !== undefined) headers.set('authorization', bearer(token))
  return new Request(request.url, { headers })
}

function bearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`
  throw new SyncError('needs_auth', 'The token holds what no token holds.', {
    fix: 'Send the bare token, without "Bearer" before it and without a line break after it.',
  })
}
