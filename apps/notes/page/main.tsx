import { SyncProvider } from '@whisker/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { openEngine } from './engine.ts'
import { Problem } from './problem.tsx'

const root = createRoot(document.querySelector('#app') as HTMLElement)
const { VITE_SYNC_URL } = import.meta.env as Record<string, string>
const name = new URLSearchParams(location.search).get('name') ?? 'A browser'

function render(engine: Awaited<ReturnType<typeof openEngine>> | undefined): void {
  root.render(
    <StrictMode>
      <SyncProvider engine={engine}>
        <App />
      </SyncProvider>
    </StrictMode>,
  )
}

// Until it is open there is nothing to show, and nothing flickers.
render(undefined)
try {
  render(await openEngine(VITE_SYNC_URL ?? '', name))
} catch (thrown) {
  root.render(<Problem error={thrown} />)
}
