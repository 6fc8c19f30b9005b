/**
 * What SQLite raised, as far as somebody can act on it. `readonly` is what a read-only connection answers where a crashed
 * transaction is to be rolled back first.
 */
export type SqliteFault = 'busy' | 'readonly' | 'damaged' | 'full' | 'other'

/** Primary result codes of SQLite: the lowest byte of what it raises. */
const PRIMARY: Readonly<Record<number, SqliteFault>> = {
  5: 'busy',
  6: 'busy',
  8: 'readonly',
  11: 'damaged',
  13: 'full',
  26: 'damaged',
}

/** Extended ones that say more than their primary code, an I/O error: no room for the log's memory, a file system that is corrupt. */
const EXTENDED: Readonly<Record<number, SqliteFault>> = { 4874: 'full', 8458: 'damaged' }

/** What is wrong, if it was SQLite that raised this. */
export function faultOf(thrown: unknown): SqliteFault | undefined {
  const code = typeof thrown === 'object' && thrown !== null && 'errcode' in thrown ? thrown.errcode : undefined
  if (typeof code !== 'number') return undefined
  return EXTENDED[code] ?? PRIMARY[code & 0xff] ?? 'other'
}
