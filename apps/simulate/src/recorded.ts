import { readFileSync, writeFileSync } from 'node:fs'
import { parse } from 'node:path'
import type { Entry } from './entry.ts'

/** Beside a document, an entry a line: what was recorded there by anybody, so that the next to record adds to it. */
export const recordedFileOf = (document: string): string => {
  const { dir, name } = parse(document)
  return `${dir === '' ? '.' : dir}/${name}.jsonl`
}

export function readRecorded(file: string): readonly Entry[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new Error(`${file} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry)
  } catch (error) {
    throw new Error(`${file} is expected to hold an entry of JSON a line: ${(error as Error).message}.`, {
      cause: error,
    })
  }
}

export function writeRecorded(file: string, entries: readonly Entry[]): void {
  writeFileSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
}

/** What was recorded, and after it what was run here. Of two entries about the same sources the one with more events stands. */
export function withRun(recorded: readonly Entry[], run: readonly Entry[]): readonly Entry[] {
  const latest = run.map((entry) => moreOf(entry, recorded))
  const here = new Set(latest.map(({ revision }) => revision.sources))
  return [...recorded.filter(({ revision }) => !here.has(revision.sources)), ...latest]
}

function moreOf(entry: Entry, others: readonly Entry[]): Entry {
  const known = others.find(({ revision }) => revision.sources === entry.revision.sources)
  return known && known.events > entry.events ? { ...known, revision: entry.revision } : entry
}
