import type { StoreCommit } from '@whisker/protocol'
import { expect } from 'vitest'
import { DIFFICULT_TEXTS } from './difficult-texts.ts'
import type { BenchBehaviour } from './state-store-contract-bench.ts'
import {
  NO_ROWS,
  ONE_OF_EACH,
  codeOf,
  commitOf,
  loaded,
  rowsWith,
  sorted,
  textsOf,
} from './state-store-contract-bench.ts'

/** Rows as they are put, replaced, removed and found again. */
export const STATE_ROW_BEHAVIOURS: readonly BenchBehaviour[] = [
  {
    title: 'a new space is empty, at revision 0',
    async check({ open }) {
      const space = await open()
      expect(await space.load()).toEqual({ revision: 0, ...NO_ROWS })
    },
  },

  {
    title: 'what was committed is loaded, one revision later',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      expect(await space.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'what was committed is there after reopening',
    async check({ open, reopen }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      const again = await reopen(space)
      expect(await again.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'what was removed is gone after reopening',
    async check({ open, reopen }) {
      const space = await open()
      await space.commit(commitOf(0, rowsWith('x', 2)))
      await space.commit(
        commitOf(1, {
          records: [['r0', undefined]],
          documents: [['c', 'd0', undefined]],
          outbox: [[0, undefined]],
          rejected: [['x0', undefined]],
        }),
      )
      const again = await reopen(space)
      expect(await again.load()).toEqual({
        revision: 2,
        records: [['r1', 'x']],
        documents: [['c', 'd1', 'x']],
        outbox: [[1, 'x']],
        rejected: [['x1', 'x']],
      })
    },
  },

  {
    title: 'a row is replaced by its next text, and removed by undefined',
    async check({ open }) {
      const space = await open()
      await space.commit(
        commitOf(0, {
          records: pairs('kept 1', 'gone 1'),
          documents: [
            ['c', 'kept', '1'],
            ['c', 'gone', '1'],
            ['d', 'kept', '1'],
          ],
          outbox: [
            [1, 'a'],
            [2, 'a'],
          ],
          rejected: pairs('kept 1', 'gone 1'),
        }),
      )
      await space.commit(
        commitOf(1, {
          records: pairs('kept 2', 'gone'),
          documents: [
            ['c', 'kept', '2'],
            ['c', 'gone', undefined],
          ],
          outbox: [
            [1, undefined],
            [2, 'b'],
          ],
          rejected: pairs('kept 2', 'gone'),
        }),
      )
      expect(await loaded(space)).toEqual({
        revision: 2,
        records: pairs('kept 2'),
        documents: [
          ['c', 'kept', '2'],
          ['d', 'kept', '1'],
        ],
        outbox: [[2, 'b']],
        rejected: pairs('kept 2'),
      })
    },
  },

  {
    title: 'removing what is not there is no error',
    async check({ open }) {
      const space = await open()
      await space.commit(
        commitOf(0, {
          records: pairs('none'),
          documents: [['c', 'none', undefined]],
          outbox: [[9, undefined]],
          rejected: pairs('none'),
        }),
      )
      expect(await space.load()).toEqual({ revision: 1, ...NO_ROWS })
    },
  },

  {
    title: 'of several texts for a row in one commit the last holds',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, { records: pairs('a 1', 'a 2', 'b 1', 'b', 'c', 'c 1') }))
      expect(await loaded(space)).toEqual({ revision: 1, ...NO_ROWS, records: pairs('a 2', 'c 1') })
    },
  },

  {
    title: 'an empty commit is a commit',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0))
      expect((await space.load()).revision).toBe(1)
    },
  },

  {
    title: 'the outbox comes by rising position, however it was written',
    async check({ open }) {
      const space = await open()
      const positions = [10, 9, 2, 1, 100, 2 ** 40, Number.MAX_SAFE_INTEGER, 0]
      await space.commit(commitOf(0, { outbox: positions.map((position) => [position, `at ${position}`]) }))
      const { outbox } = await space.load()
      expect(outbox).toEqual(positions.toSorted((a, b) => a - b).map((position) => [position, `at ${position}`]))
    },
  },

  {
    title: 'texts come back as they were, whatever they hold',
    async check({ open, reopen }) {
      const space = await open()
      const rows = {
        records: DIFFICULT_TEXTS.map((text, index) => [`r${index}`, text] as const),
        documents: DIFFICULT_TEXTS.map((text, index) => ['c', `d${index}`, text] as const),
        outbox: DIFFICULT_TEXTS.map((text, index) => [index, text] as const),
        rejected: DIFFICULT_TEXTS.map((text, index) => [`x${index}`, text] as const),
      }
      await space.commit(commitOf(0, rows))
      expect(await loaded(space)).toEqual({ revision: 1, ...sorted(rows) })
      expect(await loaded(await reopen(space))).toEqual({ revision: 1, ...sorted(rows) })
    },
  },

  {
    title: 'names that differ only in case, or in where they are cut, are different rows',
    async check({ open }) {
      const space = await open()
      const rows = {
        records: pairs('n 1', 'N 2'),
        documents: [
          ['a', 'b', '1'],
          ['A', 'b', '2'],
          ['a', 'B', '3'],
          ['ab', 'c', '4'],
          ['a', 'bc', '5'],
        ],
        outbox: [],
        rejected: pairs('x 1', 'X 2'),
      } as const
      await space.commit(commitOf(0, rows))
      expect(await loaded(space)).toEqual({ revision: 1, ...sorted(rows) })
    },
  },

  {
    title: 'a name in one table has nothing to do with the same name in another',
    async check({ open }) {
      const space = await open()
      await space.commit(
        commitOf(0, { records: pairs('1 record'), outbox: [[1, 'entry']], rejected: pairs('1 refused') }),
      )
      await space.commit(commitOf(1, { rejected: pairs('1') }))
      expect(await space.load()).toEqual({
        ...NO_ROWS,
        revision: 2,
        records: pairs('1 record'),
        outbox: [[1, 'entry']],
      })
    },
  },

  {
    title: 'a thousand rows in every table come back after reopening',
    async check({ open, reopen }) {
      const space = await open()
      const rows = rowsWith('{"title":"The Dragon"}', 1000)
      await space.commit(commitOf(0, rows))
      expect(await loaded(await reopen(space))).toEqual({ revision: 1, ...sorted(rows) })
    },
  },

  {
    title: 'a commit of eight million characters is kept whole',
    async check({ open, reopen }) {
      const space = await open()
      const documents = Array.from(
        { length: 8 },
        (_, index) => ['c', `d${index}`, `${index}`.repeat(1_000_000)] as const,
      )
      await space.commit(commitOf(0, { documents }))
      const again = await reopen(space)
      expect((await loaded(again)).documents.map(([, , text]) => text === documents[Number(text[0])]?.[2])).toEqual(
        documents.map(() => true),
      )
    },
  },

  {
    title: 'three hundred commits in a row are all kept',
    async check({ open, reopen }) {
      const space = await open()
      for (let revision = 0; revision < 300; revision++) {
        await space.commit(commitOf(revision, { outbox: [[revision, `${revision}`]] }))
      }
      const { revision, outbox } = await (await reopen(space)).load()
      expect({ revision, texts: outbox.map(([, text]) => text) }).toEqual({
        revision: 300,
        texts: Array.from({ length: 300 }, (_, index) => `${index}`),
      })
    },
  },

  {
    title: 'commits that were not awaited take effect in the order of the calls',
    async check({ open }) {
      const space = await open()
      const revisions = Array.from({ length: 20 }, (_, revision) => revision)
      await Promise.all(
        revisions.map((revision) => space.commit(commitOf(revision, { records: [['n', `${revision}`]] }))),
      )
      expect(await space.load()).toMatchObject({ revision: 20, records: [['n', '19']] })
    },
  },

  {
    title: 'what load returned does not change with later commits',
    async check({ open }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      const before = await space.load()
      await space.commit(commitOf(1, { records: [['slot', 'two']], documents: [['stories', 'dragon', undefined]] }))
      expect(before).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'a commit whose rows cannot be read to the end changes nothing',
    async check({ open, reopen }) {
      const space = await open()
      await space.commit(commitOf(0, ONE_OF_EACH))
      const rows = rowsWith('two', 3)
      const broken: StoreCommit = commitOf(1, { ...rows, rejected: unreadableAfter(rows.rejected) })
      expect(await codeOf(space.commit(broken))).not.toBe(undefined)
      expect(await space.load()).toEqual({ revision: 1, ...ONE_OF_EACH })
      expect(await (await reopen(space)).load()).toEqual({ revision: 1, ...ONE_OF_EACH })
    },
  },

  {
    title: 'half a surrogate pair is kept as it is, or refused and nothing is changed',
    async check({ open, reopen }) {
      const space = await open()
      await space.commit(commitOf(0, { records: pairs('a before') }))
      const code = await codeOf(space.commit(commitOf(1, { records: pairs('a after'), outbox: [[1, 'x\uD800']] })))
      const kept = { ...NO_ROWS, revision: 2, records: pairs('a after'), outbox: [[1, 'x\uD800']] }
      const refused = { ...NO_ROWS, revision: 1, records: pairs('a before') }
      expect([undefined, 'invalid_value']).toContain(code)
      expect(await (await reopen(space)).load()).toEqual(code === undefined ? kept : refused)
    },
  },

  {
    title: 'a load beside a commit shows all of it or nothing of it',
    async check({ open }) {
      const [writer, reader] = [await open(), await open()]
      await writer.commit(commitOf(0, rowsWith('0', 20)))
      for (let revision = 1; revision <= 20; revision++) {
        const [, ...loads] = await Promise.all([
          writer.commit(commitOf(revision, rowsWith(`${revision}`, 20))),
          reader.load(),
          writer.load(),
          Promise.resolve().then(async () => reader.load()),
        ])
        for (const stored of loads) expect(textsOf(stored)).toEqual(Array(80).fill(`${stored.revision - 1}`))
      }
    },
  },
]

/** `kept 1` is a row with a text, `gone` one without. */
function pairs(...rows: readonly `${string} ${string}`[]): [string, string][]
function pairs(...rows: readonly string[]): [string, string | undefined][]
function pairs(...rows: readonly string[]): [string, string | undefined][] {
  return rows.map((row) => {
    const [name = '', text] = row.split(' ')
    return [name, text]
  })
}

/** Two rows, and one that throws when it is reached. */
function unreadableAfter<Row>(rows: readonly Row[]): readonly Row[] {
  const broken = rows.slice(0, 2)
  Object.defineProperty(broken, 2, {
    enumerable: true,
    get() {
      throw new Error('This row cannot be read.')
    },
  })
  return broken
}
