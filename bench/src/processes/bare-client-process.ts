import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { textsOf } from '../workload.ts'
import { answerCalls, timed } from './answer-calls.ts'
import { type BareDatabase, openBareDatabase } from './bare-database.ts'
import { linesOf, readDocuments } from './document-lines.ts'

// A process of its own: the least that an HTTP client could do with the same documents.

const agent = new Agent({ keepAlive: true })

let database: BareDatabase | undefined

const commands = {
  /** The file that stored edits are written to. */
  open(file: string): void {
    database = openBareDatabase(file)
  },
  /** The time to stream that many documents to the server until it has parsed them all. */
  async upload(url: string, count: number): Promise<number> {
    const lines = linesOf(textsOf(count))
    return timed(async () => {
      const outgoing = request(`${url}/documents`, { method: 'POST', agent })
      const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
      for (const line of lines) if (!outgoing.write(line)) await once(outgoing, 'drain')
      outgoing.end()
      const [response] = await answered
      await textOf(response)
    })
  },
  /** The time until all documents of the server are objects here. */
  download: async (url: string): Promise<number> =>
    timed(async () => {
      const outgoing = request(`${url}/documents`, { agent })
      outgoing.end()
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      await readDocuments(response)
    }),
  /** The time to send an edit; with `isStored` it is on both disks. */
  edit: async (url: string, text: string, isStored: boolean): Promise<number> =>
    timed(async () => {
      if (isStored) database?.put('latest', text)
      const outgoing = request(`${url}/${isStored ? 'stored-edit' : 'edit'}`, { method: 'POST', agent })
      outgoing.end(text)
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      await textOf(response)
    }),
  /** The time to fetch the latest edit; with `isStored` it is on this disk. */
  catchUp: async (url: string, isStored: boolean): Promise<number> =>
    timed(async () => {
      const outgoing = request(`${url}/edit`, { agent })
      outgoing.end()
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      const text = await textOf(response)
      if (isStored) database?.put('latest', text)
    }),
}
export type BareClientCommands = typeof commands

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) text += String(part)
  return text
}

answerCalls(commands)
