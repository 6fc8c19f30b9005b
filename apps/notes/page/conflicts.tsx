import { formatDot } from '@whisker/engine'
import { useConflicts, useSyncEngine } from '@whisker/react'
import type { ReactNode } from 'react'
import type { Documents } from './engine.ts'

/** What two devices wrote without knowing of each other, until somebody chooses. */
export function Conflicts(): ReactNode {
  const notes = useSyncEngine<Documents>()?.collection('notes')
  const conflicts = useConflicts('notes')
  return conflicts.map(({ id, path, values }) => (
    <fieldset key={`${id} ${path.join('.')}`}>
      <legend>{whatOf(path, notes?.get(id)?.title ?? '')}</legend>
      {values.map(({ dot, shown, value }) => (
        <button key={formatDot(dot)} type="button" onClick={() => void notes?.resolve(id, { path, pick: dot })}>
          {labelOf(value)}
          {shown && <span className="quiet"> shown now</span>}
        </button>
      ))}
    </fieldset>
  ))
}

/** A conflict about the whole note is one of those who wrote it with those who deleted it. */
const whatOf = (path: readonly string[], title: string): string =>
  path.length === 0
    ? `“${title}” was deleted on one device and written on another`
    : `Two versions of the ${path.join(' ')} of “${title}”`

const labelOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? 'Delete it' : 'Keep it'
