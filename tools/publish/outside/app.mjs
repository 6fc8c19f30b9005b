import { SyncEngine, memoryState } from '@whisker/engine'
import { SyncProvider, useCollection, useSyncStatus } from '@whisker/react'
import { createElement as h, version } from 'react'
import { renderToString } from 'react-dom/server'

const engine = await SyncEngine.open({ space: 'home', collections: { notes: {} }, state: memoryState() })
const Notes = () => h('p', null, `${version}: ${useCollection('notes').length} notes, ${useSyncStatus().state}`)
console.log(renderToString(h(SyncProvider, { engine }, h(Notes))))
await engine.close()
