import type { Readable } from 'node:stream'

/** Documents on one line. */
const BATCH = 500

/** Lines of JSON, a batch of documents each. */
export function linesOf(texts: readonly string[]): string[] {
  const lines: string[] = []
  for (let from = 0; from < texts.length; from += BATCH) lines.push(`[${texts.slice(from, from + BATCH).join(',')}]\n`)
  return lines
}

/** Parses each line as it comes, into a Map in memory. */
export async function readDocuments(stream: Readable): Promise<ReadonlyMap<number, unknown>> {
  const documents = new Map<number, unknown>()
  let rest = ''
  stream.setEncoding('utf8')
  for await (const part of stream) {
    const lines = (rest + String(part)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) for (const one of JSON.parse(line) as unknown[]) documents.set(documents.size, one)
  }
  return documents
}
