import { SyncEngine, isSyncError } from '@whisker/engine'
import { sqliteState } from '@whisker/state-node'
import { httpTransport } from '@whisker/transport-http'

// A device as a stranger writes it: `device.ts <name> <url> <tag>` adds a tag to a story, syncs, and says what it sees.

interface Story {
  title: string
  tags: string[]
}

const [name = 'device', url = '', tag = ''] = process.argv.slice(2)
const engine = await SyncEngine.open<{ stories: Story }>({
  space: 'outside',
  device: { name },
  collections: { stories: { strategy: 'auto_merge' } },
  state: sqliteState(`${name}.db`),
  transport: httpTransport({ url, token: () => 'secret' }),
})
const stories = engine.collection('stories')
try {
  engine.start()
  await engine.synced()
  if (!stories.has('dragon')) await stories.create('dragon', { title: 'The Dragon', tags: [] })
  await stories.update('dragon', (story) => {
    story.tags.push(tag)
  }).acknowledged
  console.log(JSON.stringify(stories.get('dragon')))
} catch (error) {
  console.error(isSyncError(error) ? `${error.code}: ${error.message}` : error)
  process.exitCode = 1
} finally {
  await engine.close()
}
