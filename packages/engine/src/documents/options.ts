import type { Merge, Strategy } from '@whisker/protocol'

/** How a collection is looked at and written. */
export interface CollectionOptions {
  /** Default: `auto_merge`. Devices should agree: the first push records it in the space. */
  readonly strategy?: Strategy | undefined
  /** The collection's own choice between concurrent values, in place of "the latest". Must be pure. */
  readonly merge?: Merge | undefined
}
