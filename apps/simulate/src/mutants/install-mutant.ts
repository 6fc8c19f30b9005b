import { registerHooks } from 'node:module'
import { type Mutant, mutate } from './mutant.ts'

/** The root of the workspace. */
const ROOT = new URL('../../../../', import.meta.url)

/** Every source of the product that this process loads from now on holds the mistake. What it has loaded stays as it is. */
export function installMutant({ edits }: Mutant): void {
  const byUrl = Map.groupBy(edits, ({ file }) => new URL(file, ROOT).href)
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const meant = byUrl.get(url)
      if (!meant || loaded.source === undefined || loaded.source === null) return loaded
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      return { ...loaded, source: mutate(source, meant) }
    },
  })
}
