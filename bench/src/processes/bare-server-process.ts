import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { textsOf } from '../workload.ts'
import { answerCalls } from './answer-calls.ts'
import { type BareDatabase, openBareDatabase } from './bare-database.ts'
import { linesOf, readDocuments } from './document-lines.ts'

// A process of its own: the least that an HTTP server could do with the same documents.

let lines: readonly string[] = []
let database: BareDatabase | undefined
let latest = ''

const commands = {
  /** Listens; `/stored-edit` writes to the file. */
  async listen(file: string): Promise<string> {
    database = openBareDatabase(file)
    const server = createServer((request, response) => void answer(request, response))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
  /** Makes ready what `GET /documents` streams. */
  prepare(count: number): void {
    lines = linesOf(textsOf(count))
  },
}
export type BareServerCommands = typeof commands

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const what = `${request.method} ${request.url}`
  if (what === 'POST /documents') {
    const documents = await readDocuments(request)
    response.end(String(documents.size))
  } else if (what === 'GET /documents') {
    for (const line of lines) if (!response.write(line)) await once(response, 'drain')
    response.end()
  } else if (what === 'POST /edit' || what === 'POST /stored-edit') {
    latest = await textOf(request)
    if (what === 'POST /stored-edit') database?.put('latest', latest)
    response.end('taken')
  } else if (what === 'GET /edit') {
    response.end(latest)
  } else {
    response.writeHead(404).end()
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const part of request) text += String(part)
  return text
}

answerCalls(commands)
