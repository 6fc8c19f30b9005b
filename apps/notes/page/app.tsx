import { useCollection, usePresence, useSyncEngine } from '@whisker/react'
import { type ReactNode, useEffect, useState } from 'react'
import { Conflicts } from './conflicts.tsx'
import { Editor } from './editor.tsx'
import type { Documents, Note } from './engine.ts'
import { People } from './people.tsx'
import { StatusLine } from './status-line.tsx'

export function App(): ReactNode {
  const engine = useSyncEngine<Documents>()
  const notes = useCollection<Note>('notes', { orderBy: 'title' })
  const { isAvailable, show } = usePresence()
  const [opened, setOpened] = useState<string>()

  useEffect(() => {
    if (isAvailable) show({ opened: opened ?? null })
  }, [isAvailable, show, opened])

  const add = async (): Promise<void> =>
    setOpened(await engine?.collection('notes').add({ title: 'Untitled', text: '' }))

  return (
    <main>
      <header>
        <h1>Notes</h1>
        <StatusLine />
        <People />
      </header>
      <nav>
        <button type="button" className="new" onClick={() => void add()} disabled={!engine}>
          New note
        </button>
        <ul>
          {notes.map(({ id, value, pending, conflicts }) => (
            <li key={id}>
              <button type="button" aria-current={id === opened} onClick={() => setOpened(id)}>
                {value.title}
                {pending && <span title="not on the server yet"> ↑</span>}
                {conflicts.length > 0 && <span title="two versions"> ⚠</span>}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <section>
        {opened === undefined ? (
          <p className="quiet">Choose a note, or begin one.</p>
        ) : (
          <Editor key={opened} id={opened} close={() => setOpened(undefined)} />
        )}
        <Conflicts />
      </section>
    </main>
  )
}
