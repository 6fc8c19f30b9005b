import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from './answer.ts'
import { JSON_HEADERS } from './answer-headers.ts'

/** Answers on a connection that no response of Node's belongs to, with the headers of any other refusal, and ends it. */
export function answerOn(socket: Duplex, { status, text, headers: own }: Answer): void {
  // Whoever sends nonsense may be gone already.
  socket.on('error', () => socket.destroy())
  if (!socket.writable) return void socket.destroy()
  const headers = { ...JSON_HEADERS, ...own, 'content-length': Buffer.byteLength(text), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`, () => socket.destroy())
}
