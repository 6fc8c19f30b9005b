import { SyncError } from '@whisker/protocol'
import { refused, refusalOf } from './refusal.ts'

/**
 * The text of a JSON body, counted while it arrives, so that nobody makes the server hold more than it allows. `received`
 * is told of each part.
 */
export async function readBody(request: Request, maxBytes: number, received: (bytes: number) => void): Promise<string> {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json') {
    throw refused(refusalOf('bad_request', 'Expected the content-type application/json.'), 415)
  }
  if (!['', 'identity'].includes((request.headers.get('content-encoding') ?? '').trim().toLowerCase())) {
    throw refused(refusalOf('bad_request', 'Expected a body without content-encoding.'), 415)
  }
  if (Number(request.headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    // Whoever listens may have to take in the rest of what is too large.
    for await (const chunk of request.body?.values({ preventCancel: true }) ?? []) {
      bytes += chunk.byteLength
      received(chunk.byteLength)
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
    // A byte order mark is kept, so that it is refused: JSON has none.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch (cause) {
    if (cause instanceof SyncError) throw cause
    throw new SyncError('bad_message', 'The body is not whole, or not UTF-8.', { cause })
  }
}

const tooLarge = (maxBytes: number): SyncError =>
  new SyncError('too_large', `A message has at most ${maxBytes} bytes.`, { fix: 'Send it in parts.' })
