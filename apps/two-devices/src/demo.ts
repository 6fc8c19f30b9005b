import { backOnline } from './acts/back-online.ts'
import { begin } from './acts/begin.ts'
import { checkAll } from './acts/check-all.ts'
import { compare } from './acts/compare.ts'
import { editOffline } from './acts/edit-offline.ts'
import { killInMidPush } from './acts/kill-in-mid-push.ts'
import { restoreBackup } from './acts/restore-backup.ts'
import { settle } from './acts/settle.ts'
import { typeLive } from './acts/type-live.ts'
import { atlas } from './countries.ts'
import { type Facts, noFacts } from './facts.ts'
import { Stage } from './stage.ts'
import { type Telling, seconds } from './telling.ts'

export interface DemoOptions {
  readonly folder: string
  /** How many times the atlas is added again in bulk. */
  readonly editions: number
  readonly telling: Telling
}

/** Tells the whole story; what it comes to is in the facts, failures too. */
export async function runDemo({ folder, editions, telling }: DemoOptions): Promise<Facts> {
  const facts = noFacts()
  const stage = new Stage({ folder, editions, telling, facts }, atlas().length * editions)
  const startedAt = performance.now()
  const act = async <T>(title: string, play: () => Promise<T>): Promise<T> => {
    telling.act(title)
    const beganAt = performance.now()
    const result = await play()
    facts.acts.push({ title, seconds: secondsSince(beganAt) })
    return result
  }

  telling.title('Whisker Sync: two devices', [
    'Somebody writes a travel novel, on a laptop and on a tablet.',
    'Everything here is real: processes, files, sockets, and a server that dies.',
  ])
  try {
    const scenery = await act('A server and two devices', async () => begin(stage))
    await act('Both offline', async () => editOffline(scenery))
    await act('The server dies', async () => killInMidPush(scenery))
    const later = await act('Back online', async () => backOnline(scenery))
    await act('What each device sees', async () => compare(later))
    await act('Settled on the tablet', async () => settle(later))
    const restored = await act('A backup is restored', async () => restoreBackup(later))
    await act('The check', async () => checkAll(restored))
    await act('Live', async () => typeLive(restored))
    facts.ok = facts.differences.length === 0
  } catch (error) {
    facts.error = error instanceof Error ? error.message : String(error)
  } finally {
    await stage.clear()
    facts.seconds = secondsSince(startedAt)
  }
  telling.end(facts.ok, ending(facts))
  return facts
}

const secondsSince = (start: number): number => Math.round(performance.now() - start) / 1000

function ending(facts: Facts): string {
  if (facts.ok) return `Nothing was lost. ${seconds(facts.seconds * 1000)}.`
  return facts.error === undefined ? 'Something differs from what the story expects.' : `It failed: ${facts.error}`
}
