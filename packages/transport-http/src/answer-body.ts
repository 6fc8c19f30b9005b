import { SyncError, utf8Length } from '@whisker/protocol'

/** The text of an answer. Counts the bytes as they come, so that no peer decides how much memory is used. */
export async function readText(
  response: Response,
  maxBytes: number,
  received: (bytes: number) => void = () => {},
): Promise<string> {
  // Some platforms have no streams: there the size shows only afterwards
  if (response.body === undefined) return withinLimit(await response.text(), maxBytes, received)
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decode(decoder)
      bytes += value.byteLength
      received(value.byteLength)
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      text += decode(decoder, value)
    }
  } catch (thrown) {
    reader.cancel().catch(() => undefined)
    throw thrown
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes?: Uint8Array<ArrayBuffer>): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
  } catch (cause) {
    throw new SyncError('bad_message', 'The answer is not UTF-8.', { cause })
  }
}

function withinLimit(text: string, maxBytes: number, received: (bytes: number) => void): string {
  const bytes = utf8Length(text)
  received(bytes)
  if (bytes > maxBytes) throw tooLarge(maxBytes)
  return text
}

/** Not `too_large`, which is a server's word for what we sent. */
const tooLarge = (maxBytes: number): SyncError =>
  new SyncError('bad_message', `The answer is larger than ${maxBytes} bytes.`, {
    fix: 'If documents are that large, give the transport a larger maxAnswerBytes.',
    details: { maxBytes },
  })
