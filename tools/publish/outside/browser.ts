import { SyncEngine, memoryState } from '@whisker/engine'
import { httpTransport } from '@whisker/transport-http'

// An app without anything of Node, to be compiled only.

export const openNotes = async (url: string, token: string) =>
  SyncEngine.open<{ notes: { text: string } }>({
    space: 'notes',
    collections: { notes: {} },
    state: memoryState(),
    transport: httpTransport({ url, token }),
  })
