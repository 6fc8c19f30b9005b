import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Entry } from './entry.ts'

/** What is kept between calls: an entry for each state of the sources, the one last run at the end. */
export interface State {
  readonly format: 1
  readonly entries: readonly Entry[]
}

export function readState(file: string): State {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { format: 1, entries: [] }
    throw new Error(`${file} cannot be read: ${messageOf(error)}. Give another file with --state.`, { cause: error })
  }
  const state = parsed(text)
  if (state?.format === 1 && Array.isArray(state.entries)) return state as State
  throw new Error(
    `${file} is expected to hold what earlier runs have kept, and holds something else. Remove it to begin anew.`,
  )
}

function parsed(text: string): Partial<State> | undefined {
  try {
    return JSON.parse(text) as Partial<State>
  } catch {
    return undefined
  }
}

/** Puts an entry in the place of the one for the same sources. The file is the old or the new one, whenever this is killed. */
export function keepEntry(file: string, state: State, entry: Entry): void {
  const others = withoutSources(state, entry.revision.sources)
  const text = `${JSON.stringify({ format: 1, entries: [...others, entry] } satisfies State)}\n`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  } catch (error) {
    throw notWritable(file, error)
  }
}

export const entryFor = ({ entries }: State, sources: string): Entry | undefined =>
  entries.find(({ revision }) => revision.sources === sources)

const withoutSources = ({ entries }: State, sources: string): readonly Entry[] =>
  entries.filter(({ revision }) => revision.sources !== sources)

/** Keeps others from running into the same file; returns what lets them. Whoever holds it and is gone does not count. */
export function lockState(file: string): () => void {
  const lock = `${file}.lock`
  try {
    mkdirSync(dirname(file), { recursive: true })
  } catch (error) {
    throw notWritable(file, error)
  }
  const holder = holderOf(lock)
  if (holder !== undefined && isRunning(holder)) {
    throw new Error(
      `Process ${holder} is running seeds into ${file}. Wait for it, or give another file with --state; if that process` +
        ` is something else, remove ${lock}.`,
    )
  }
  try {
    rmSync(lock, { force: true })
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
  } catch (error) {
    throw notWritable(file, error)
  }
  return () => {
    try {
      rmSync(lock, { force: true })
    } catch {
      // Where nothing can be removed, an empty lock is nobody's.
      truncateSync(lock)
    }
  }
}

const notWritable = (file: string, cause: unknown): Error =>
  new Error(
    `What was run cannot be kept in ${file}: ${messageOf(cause)}. Let it be written, or give another file with --state.`,
    { cause },
  )

const messageOf = (error: unknown): string => (error as Error).message

function holderOf(lock: string): number | undefined {
  try {
    return Number(readFileSync(lock, 'utf8'))
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}
