import type { SyncError } from '@whisker/engine'
import { useDocument, useSyncEngine } from '@whisker/react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { Documents, Note } from './engine.ts'

interface Draft {
  /** The note as it was when the typing began. */
  readonly read: Note
  readonly edited: Note
}

/**
 * Holds what is typed until it is saved, or another note is opened. What others write in the meantime is merged then, or becomes a
 * conflict; a note that they delete comes back.
 */
export function Editor({ id, close }: { readonly id: string; readonly close: () => void }): ReactNode {
  const notes = useSyncEngine<Documents>()?.collection('notes')
  const note = useDocument<Note>('notes', id)
  const [draft, setDraft] = useState<Draft>()
  const [problem, setProblem] = useState<SyncError>()

  const write = async (): Promise<void> => {
    if (draft) await notes?.set(id, draft.edited, { read: draft.read })
  }
  const leave = useRef(write)
  useEffect(() => {
    leave.current = write
  })
  useEffect(() => () => void leave.current(), [])

  const shown = draft?.edited ?? note
  if (!shown) return <p className="quiet">This note is gone.</p>

  const edit = (change: Partial<Note>): void =>
    setDraft({ read: draft?.read ?? shown, edited: { ...shown, ...change } })

  const save = async (): Promise<void> => {
    setProblem(undefined)
    // It is shown as saved from here on, so that nothing typed meanwhile is taken for it.
    setDraft(undefined)
    try {
      await write()
    } catch (thrown) {
      setDraft((since) => since ?? draft)
      setProblem(thrown as SyncError)
    }
  }

  const remove = async (): Promise<void> => {
    leave.current = async () => undefined
    await notes?.delete(id)
    close()
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <input aria-label="Title" value={shown.title} onChange={({ target }) => edit({ title: target.value })} />
      <textarea aria-label="Text" rows={8} value={shown.text} onChange={({ target }) => edit({ text: target.value })} />
      <p>
        <button type="submit" disabled={!draft}>
          Save
        </button>
        <button type="button" onClick={() => void remove()}>
          Delete
        </button>
        {draft && draft.read !== note && (
          <span className="quiet">Changed elsewhere; saving brings the two together.</span>
        )}
      </p>
      {problem && (
        <p role="alert">
          {problem.message} {problem.fix}
        </p>
      )}
    </form>
  )
}
