import { readFileSync, writeFileSync } from 'node:fs'
import type { Entry } from './entry.ts'
import { type State, entryFor, readState } from './kept-state.ts'
import { recordOf } from './record.ts'
import { currentRevision } from './revision.ts'
import { withSection } from './section.ts'

/** Writes what is kept into the document, about the sources as they are if they were run, else about those last run. */
export function writeRecord(stateFile: string, document: string): void {
  const lines = recordOf(entriesOf(readState(stateFile)))
  writeFileSync(document, withSection(readFileSync(document, 'utf8'), 'runs', lines))
}

/** What was run before it was committed is now what that commit holds. */
function entriesOf(state: State): readonly Entry[] {
  const revision = currentRevision()
  const known = entryFor(state, revision.sources)
  if (!known) return state.entries
  return [...state.entries.filter((entry) => entry !== known), { ...known, revision }]
}
