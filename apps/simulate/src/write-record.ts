import { readFileSync, writeFileSync } from 'node:fs'
import { withSection } from '@whisker/tools/section'
import type { Entry } from './entry.ts'
import { type State, entryFor, readState } from './kept-state.ts'
import { recordOf } from './record.ts'
import { readRecorded, recordedFileOf, withRun, writeRecorded } from './recorded.ts'
import { currentRevision } from './revision.ts'

/**
 * Writes what is kept into the document, about the sources as they are if they were run, else about those last run; with
 * the totals of all that was recorded there before, on whatever machine.
 */
export function writeRecord(stateFile: string, document: string): void {
  const recordedFile = recordedFileOf(document)
  const entries = withRun(readRecorded(recordedFile), entriesOf(readState(stateFile)))
  const text = withSection(textOf(document), 'runs', recordOf(entries))
  try {
    writeFileSync(document, text)
    writeRecorded(recordedFile, entries)
  } catch (error) {
    throw new Error(`${document} cannot be written: ${(error as Error).message}`, { cause: error })
  }
}

function textOf(document: string): string {
  try {
    return readFileSync(document, 'utf8')
  } catch (error) {
    throw new Error(
      `${document} cannot be read: ${(error as Error).message}. Name a document that is there with --into.`,
      {
        cause: error,
      },
    )
  }
}

/** What was run before it was committed is now what that commit holds. */
function entriesOf(state: State): readonly Entry[] {
  const revision = currentRevision()
  const known = entryFor(state, revision.sources)
  if (!known) return state.entries
  return [...state.entries.filter((entry) => entry !== known), { ...known, revision }]
}
