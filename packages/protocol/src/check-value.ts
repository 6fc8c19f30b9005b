import { hashText } from './hash.ts'
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
  hashText(canonicalOperation(operation), previous)

/** The check value after a run of voided counters. */
export function checkAfterVoids(previous: CheckValue, count: number): CheckValue {
  let check = previous
  for (let index = 0; index < count; index++) check = hashText('void', check)
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
