import { readFileSync, writeFileSync } from 'node:fs'
import { withSection } from '@whisker/tools/section'
import { type Entry, seedsOf } from './entry.ts'
import { type State, entryFor, readState } from './kept-state.ts'
import { counted } from './numbers.ts'
import { recordOf } from './record.ts'
import { currentRevision } from './revision.ts'

/** Writes what is kept into the document, about the sources as they are if they were run, else about those last run. */
export function writeRecord(stateFile: string, document: string): void {
  const entries = entriesOf(readState(stateFile))
  const lines = recordOf(entries)
  const text = textOf(document)
  const [known, kept] = [seedsIn(text), entries.reduce((sum, entry) => sum + seedsOf(entry), 0)]
  if (known > kept) {
    throw new Error(
      `${document} knows of ${counted(known, 'seed')}, and ${stateFile} of ${counted(kept, 'seed')}: to record them would` +
        ' lose the others. Write them into another document with --into.',
    )
  }
  try {
    writeFileSync(document, withSection(text, 'runs', lines))
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

/** As the row of all tells it. */
const seedsIn = (text: string): number => Number(/^\| all \| ([\d,]+) \|/m.exec(text)?.[1]?.replaceAll(',', '') ?? 0)

/** What was run before it was committed is now what that commit holds. */
function entriesOf(state: State): readonly Entry[] {
  const revision = currentRevision()
  const known = entryFor(state, revision.sources)
  if (!known) return state.entries
  return [...state.entries.filter((entry) => entry !== known), { ...known, revision }]
}
