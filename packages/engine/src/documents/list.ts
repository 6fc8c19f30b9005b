import { type JsonObject, type JsonValue, SyncError } from '@whisker/protocol'

export interface ListOptions<T> {
  readonly where?: ((value: T, id: string) => boolean) | undefined
  /** A field's name (its values are compared as numbers, texts or booleans), or an order of one's own. */
  readonly orderBy?: (keyof T & string) | ((a: T, b: T) => number) | undefined
  readonly descending?: boolean | undefined
  readonly offset?: number | undefined
  readonly limit?: number | undefined
}

/** Picks and orders; equal ones keep the order of their ids, so that a list is the same everywhere. */
export function pick<T, Item extends { readonly id: string; readonly value: T }>(
  items: Iterable<Item>,
  { where, orderBy, descending = false, offset = 0, limit }: ListOptions<T>,
): Item[] {
  checkCount('offset', offset)
  if (limit !== undefined) checkCount('limit', limit)
  const picked: Item[] = []
  for (const item of items) if (!where || where(item.value, item.id)) picked.push(item)
  const byId = (a: Item, b: Item): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  const order = orderBy === undefined ? () => 0 : typeof orderBy === 'function' ? orderBy : byField<T>(orderBy)
  const sign = descending ? -1 : 1
  picked.sort((a, b) => sign * order(a.value, b.value) || byId(a, b))
  return picked.slice(offset, limit === undefined ? undefined : offset + limit)
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return
  throw new SyncError('invalid_options', `${name} must be a whole number from 0; it is ${value}.`)
}

const byField =
  <T>(field: keyof T & string) =>
  (a: T, b: T): number =>
    compare((a as JsonObject)[field], (b as JsonObject)[field])

/** Values of different kinds are ordered by kind: nothing, booleans, numbers, texts, everything else. */
function compare(a: JsonValue | undefined, b: JsonValue | undefined): number {
  const [left, right] = [rank(a), rank(b)]
  if (left !== right) return left - right
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  return 0
}

const KINDS = ['boolean', 'number', 'string']
const rank = (value: JsonValue | undefined): number =>
  value === undefined || value === null ? -1 : (KINDS.indexOf(typeof value) + 4) % 4
