import { SyncEngine } from '@whisker/engine'
import { browserState } from '@whisker/state-browser'
import { webSocketTransport } from '@whisker/transport-ws'

export interface Note {
  readonly title: string
  readonly text: string
}

export interface Documents {
  readonly notes: Note
}

/** Opens what this browser holds, and begins to sync. All tabs share one store; the name is what others see of this device. */
export async function openEngine(serverUrl: string, deviceName: string): Promise<SyncEngine<Documents>> {
  const engine = await SyncEngine.open<Documents>({
    space: 'notes',
    device: { name: deviceName },
    collections: { notes: { strategy: 'auto_merge' } },
    state: browserState({ name: 'notes' }),
    transport: webSocketTransport({ url: serverUrl }),
  })
  engine.start()
  return engine
}
