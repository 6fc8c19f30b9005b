import { type Merge, STRATEGIES, type Strategy, SyncError, checkName, isStrategy } from '@whisker/protocol'

/** How a collection is looked at and written. */
export interface CollectionOptions {
  /** Default: `auto_merge`. Devices should agree: the first push records it in the space. */
  readonly strategy?: Strategy | undefined
  /** The collection's own choice between concurrent values, in place of "the latest". Must be pure. */
  readonly merge?: Merge | undefined
}

export function checkCollections(collections: Readonly<Record<string, CollectionOptions>>): void {
  for (const [name, { strategy }] of Object.entries(collections)) {
    checkName(name, 'collection')
    if (strategy !== undefined && !isStrategy(strategy)) {
      throw new SyncError(
        'invalid_options',
        `The collection "${name}" asks for the strategy ${JSON.stringify(strategy)}.`,
        {
          fix: `Use one of ${STRATEGIES.join(', ')}.`,
        },
      )
    }
  }
}
