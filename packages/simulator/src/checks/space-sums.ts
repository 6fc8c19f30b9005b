import { type VersionVector, compareReplicas } from '@whisker/protocol'

/** An order-free sum over the documents of one store and what of them it holds; worked out apart from the product's own digest. */
export class SpaceSum {
  readonly #versions = new Map<string, number>()
  sum = 0

  /** A document's version as it is now; undefined if it is not there. */
  put(collection: string, document: string, version: VersionVector | undefined): void {
    const key = `${collection}/${document}`
    const hash = version && version.length > 0 ? hashOf(`${key}@${nameOf(version)}`) : 0
    this.sum = (this.sum - (this.#versions.get(key) ?? 0) + hash + MODULUS) % MODULUS
    if (hash === 0) this.#versions.delete(key)
    else this.#versions.set(key, hash)
  }

  copy(): SpaceSum {
    const copy = new SpaceSum()
    for (const [key, hash] of this.#versions) copy.#versions.set(key, hash)
    copy.sum = this.sum
    return copy
  }
}

const MODULUS = 2 ** 48

const nameOf = (version: VersionVector): string =>
  [...version]
    .sort((a, b) => compareReplicas(a.replica, b.replica))
    .map(({ replica, counter }) => `${replica}:${counter}`)
    .join(',')

/** FNV-1a (Fowler, Noll, Vo), twice with different starts, to 48 bits. */
function hashOf(text: string): number {
  let low = 0x811c9dc5
  let high = 0x050c5d1f
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ code, 0x01000193) ^ (high >>> 13)
  }
  return (low >>> 0) + (high & 0xffff) * 2 ** 32
}
