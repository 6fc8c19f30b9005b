/**
 * A 53-bit hash of a text: cyrb53 (bryc, public domain), seeded with both halves of another one. It tells accidents
 * apart; it is no protection against forgery.
 */
export function hashText(text: string, seed: number = 0): number {
  let h1 = 0xdeadbeef ^ (seed >>> 0)
  let h2 = 0x41c6ce57 ^ Math.floor(seed / 2 ** 32)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    h1 = Math.imul(h1 ^ code, 2654435761)
    h2 = Math.imul(h2 ^ code, 1597334677)
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909)
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909)
  return 2 ** 32 * (h2 & 0x1fffff) + (h1 >>> 0)
}
