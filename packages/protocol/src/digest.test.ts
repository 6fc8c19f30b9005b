import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Digest, EMPTY_DIGEST, changeDigest, documentHash, sameDigest } from './digest.ts'
import { dot } from './testing/writing.ts'

interface Document {
  readonly collection: string
  readonly document: string
  readonly counters: readonly number[]
}

const documents: fc.Arbitrary<readonly Document[]> = fc.uniqueArray(
  fc.record({
    collection: fc.constantFrom('stories', 'drafts'),
    document: fc.constantFrom('a', 'b', 'c', 'd', 'a~b'),
    counters: fc.array(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 3 }),
  }),
  { selector: ({ collection, document }) => `${collection}/${document}` },
)

const hashOf = ({ collection, document, counters }: Document): number =>
  documentHash(
    collection,
    document,
    counters.map((counter, index) => dot(`R${index}`, counter)),
  )

const digestOf = (all: readonly Document[]): Digest =>
  all.reduce((digest, document) => changeDigest(digest, undefined, hashOf(document)), EMPTY_DIGEST)

test('a digest does not depend on the order in which documents came', () => {
  fc.assert(
    fc.property(documents, (all) => {
      expect(digestOf(all.toReversed())).toEqual(digestOf(all))
      expect(sameDigest(digestOf(all.toReversed()), digestOf(all))).toBe(true)
    }),
  )
})

test('a digest in which documents changed and went is that of what is left', () => {
  fc.assert(
    fc.property(documents, documents, (before, after) => {
      const gone = before.reduce(
        (digest, one) => changeDigest(digest, hashOf(one), undefined),
        digestOf([...before, ...after]),
      )
      expect(gone).toEqual(digestOf(after))
      const [first, ...others] = after
      if (!first) return
      const changed = { ...first, counters: [...first.counters, 1] }
      expect(changeDigest(gone, hashOf(first), hashOf(changed))).toEqual(digestOf([changed, ...others]))
    }),
  )
})

test('a digest is of safe integers, however many documents there are', () => {
  let digest = EMPTY_DIGEST
  for (let counter = 1; counter <= 10_000; counter++) {
    digest = changeDigest(digest, undefined, documentHash('s', 'd', [dot('A', counter)]))
    expect(Number.isSafeInteger(digest.hash)).toBe(true)
  }
  expect(digest.documents).toBe(10_000)
})

test('another collection, id, writer, counter or number of them is another hash', () => {
  const hashes = [
    documentHash('stories', 'dragon', [dot('A', 1)]),
    documentHash('stories', 'dragon', [dot('A', 2)]),
    documentHash('stories', 'dragon', [dot('B', 1)]),
    documentHash('stories', 'dragon', [dot('A', 1), dot('B', 1)]),
    documentHash('stories', 'Dragon', [dot('A', 1)]),
    documentHash('drafts', 'dragon', [dot('A', 1)]),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})
