import { canonicalJson } from './json.ts'
import type { Operation, WriteName } from './operation.ts'
import type { VersionVector } from './version-vector.ts'

/**
 * The check value of a replica's last operation: a 53-bit hash of the operation's canonical text,
 * chained with the check value of the one before. Two histories of one replica that have parted differ
 * in every check value from there on. It finds accidents (a copied profile, a restored backup); it is no
 * protection against forgery, which the server's authentication is for.
 */
export type CheckValue = number

/** The check value before a replica's first operation. */
export const FIRST_CHECK: CheckValue = 0

export const checkAfter = (previous: CheckValue, operation: Operation): CheckValue =>
  chain(previous, canonicalOperation(operation))

/** The check value after a run of voided counters. */
export function checkAfterVoids(previous: CheckValue, count: number): CheckValue {
  let check = previous
  for (let index = 0; index < count; index++) check = chain(check, 'void')
  return check
}

/** Everything an operation says, in one text that does not depend on how it travelled. */
const canonicalOperation = (operation: Operation): string =>
  canonicalJson([
    operation.type,
    operation.collection,
    operation.document,
    operation.dot.replica,
    operation.dot.counter,
    operation.time,
    flat(operation.base),
    operation.delta.map(({ root, path, value }) => (value === undefined ? [root, path] : [root, path, value])),
    operation.keep.map(canonicalName),
    operation.drop.map(canonicalName),
  ])

const flat = (version: VersionVector): (string | number)[] =>
  version.flatMap(({ replica, counter }) => [replica, counter])

const canonicalName = ({ dot, root, path }: WriteName): [string, number, string, readonly string[]] => [
  dot.replica,
  dot.counter,
  root,
  path,
]

/** cyrb53 (bryc, public domain), seeded with both halves of the previous value. */
function chain(previous: CheckValue, text: string): CheckValue {
  let h1 = 0xdeadbeef ^ (previous >>> 0)
  let h2 = 0x41c6ce57 ^ Math.floor(previous / 2 ** 32)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    h1 = Math.imul(h1 ^ code, 2654435761)
    h2 = Math.imul(h2 ^ code, 1597334677)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909)
  return 2 ** 32 * (h2 & 0x1fffff) + (h1 >>> 0)
}
