import type { DeviceId } from '@whisker/protocol'

/**
 * What lies in the database: one object store, under keys that are lists.
 *
 *   ['device']                               the id that was minted for the whole store
 *   [device, space, 'head']                  the revision
 *   [device, space, 'folded']                up to which revision everything is in pages
 *   [device, space, 'log', revision]         an `Entry`: what one commit wrote
 *   [device, space, 'page', revision, part]  `Cells`: what one large commit wrote, or what several came to
 *
 * The device is in the keys, so that a tab that slept while the store was removed and made anew writes nothing into the new one.
 *
 * A space is its pages and its log in the order of revisions: of several rows with one name, the last counts.
 */

export interface Entry {
  /** Of this commit alone: one that failed recognises by it whether it was written after all. */
  readonly by: string
  /** Undefined where they are a page of the same revision. */
  readonly cells: Cells | undefined
}

/**
 * Rows one behind the other, each as the letter of its table, two names (the second may be empty) and its text; null for one
 * that is gone. Flat, because browsers copy one long list of texts several times faster than many short ones.
 */
export type Cells = readonly (string | null)[]
export const CELLS_OF_ROW = 4
export const isCells = (stored: unknown): stored is Cells => Array.isArray(stored) && stored.length % CELLS_OF_ROW === 0

/** Of the device too. */
export interface SpaceName {
  readonly device: DeviceId
  readonly name: string
}

export const DEVICE_KEY: IDBValidKey = ['device']
export const headKey = ({ device, name }: SpaceName): IDBValidKey => [device, name, 'head']
export const foldedKey = ({ device, name }: SpaceName): IDBValidKey => [device, name, 'folded']
export const entryKey = ({ device, name }: SpaceName, revision: number): IDBValidKey => [device, name, 'log', revision]
export const pageKey = ({ device, name }: SpaceName, revision: number, part = 0): IDBValidKey => [
  device,
  name,
  'page',
  revision,
  part,
]

/** The entries after one revision, up to another. */
export const entriesBetween = (space: SpaceName, after: number, to: number = Infinity): IDBKeyRange =>
  IDBKeyRange.bound(entryKey(space, after), entryKey(space, to), true)
export const pagesUpTo = (space: SpaceName, revision: number = Infinity): IDBKeyRange =>
  IDBKeyRange.bound(pageKey(space, 0), pageKey(space, revision, Infinity))
/** A list comes after every text. */
export const everythingOf = ({ device, name }: SpaceName): IDBKeyRange =>
  IDBKeyRange.bound([device, name], [device, name, []])

/** In which revision something was written, by its key. */
export const revisionOf = (key: IDBValidKey): number => (key as [string, string, string, number])[3]
