/** Texts that a store could be tempted to change: none of them may be. */
export const DIFFICULT_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  'before\0after',
  '\uFEFFmark',
  '\uFFFD\uFFFF',
  '\u2028\u2029',
  'e\u0301 \u00E9',
  '👩‍👩‍👧 𝔘 \u{10FFFF}',
  "'; DROP TABLE documents; --",
  '1e400',
  '007',
  '\r\n\t\\"',
  'x'.repeat(1_200_000),
]
