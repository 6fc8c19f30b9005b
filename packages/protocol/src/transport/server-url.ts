import { SyncError } from '../errors.ts'
import { kindOf } from './check-options.ts'

/** The url of a server, without a slash at its end; throws what is wrong with it. Never shows a password it holds. */
export function checkServerUrl(text: string): string {
  const url = parse(text)
  if (url.username !== '' || url.password !== '') {
    throw invalid('a url without a user and a password', 'one that holds them', 'Pass the credential as token.')
  }
  if (/[?#]/.test(url.href)) {
    throw invalid('a url without ? and #', url.href, 'Leave out everything from the ? or the # on.')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new SyncError(
      'insecure_url',
      `Expected https, got ${url.href}: anyone on the way could read and change it.`,
      {
        fix: 'Use https; http is only for a server on this machine (localhost, 127.0.0.1 or [::1]).',
      },
    )
  }
  return url.href.replace(/\/+$/, '')
}

function parse(text: string): URL {
  const fix = "Write the whole url, like 'https://sync.example.org'."
  const expected = 'the url to begin with http:// or https://'
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw invalid(`${expected} and name a host`, typeof text === 'string' ? 'a text that does not' : kindOf(text), fix)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw invalid(expected, `one that begins with ${url.protocol}`, fix)
  }
  return url
}

/** Hosts come normalised from `URL`: an address is four numbers, or in brackets. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)

const invalid = (expected: string, found: string, fix: string): SyncError =>
  new SyncError('invalid_options', `Expected ${expected}, got ${found}.`, { fix })
