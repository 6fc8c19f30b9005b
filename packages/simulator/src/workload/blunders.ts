import type { RejectedOperations, WriteResult } from '@whisker/engine'
import { type JsonObject, LIMITS, type SyncErrorCode } from '@whisker/protocol'
import type { Doc } from './documents.ts'
import type { Desk } from './writing.ts'

/** A write that must be refused where it is made. */
export interface Blunder {
  readonly what: string
  /** With which code; one of these, or else with what the app's own function threw. */
  readonly codes: readonly SyncErrorCode[]
  readonly run: () => WriteResult<unknown>
}

interface Place {
  readonly desk: Desk
  readonly rejected: RejectedOperations
  /** A document that is there. */
  readonly document: string
  /** Nobody else writes it: wherever it turns up, something of the blunder was left. */
  readonly text: string
}

/** What an app's own function throws in the middle of something. */
export class ChangedMind extends Error {
  override readonly name = 'ChangedMind'
}

/** Something that somebody at this desk does wrong; nothing, if what it takes is not there. */
export function nextBlunder(desk: Desk, rejected: RejectedOperations): Blunder | undefined {
  const { collection, model, rare } = desk
  const shown = collection.list()
  if (shown.length === 0) return undefined
  return rare.pick(KINDS)({ desk, rejected, document: rare.pick(shown).id, text: model.mint(desk.mark) })
}

const MISSING = 'nobody'

const asDoc = (value: unknown): Doc => value as Doc

function nested(levels: number): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < levels; level++) value = { value }
  return value
}

function cycle(): unknown {
  const own: Record<string, unknown> = {}
  own['self'] = own
  return own
}

/** What JSON has no form for. */
const FORMLESS: readonly unknown[] = [Number.NaN, 1n, new Date(0), () => 1, '\ud800', [new Map()]]

const BAD_IDS: readonly string[] = ['', '.hidden', 'a b', 'a/b', 'ä', 'x'.repeat(129)]

const KINDS: readonly ((place: Place) => Blunder | undefined)[] = [
  ({ desk: { collection, rare }, text }) => ({
    what: 'create what JSON has no form for',
    codes: ['invalid_value'],
    run: () => collection.create(MISSING, asDoc({ title: text, body: rare.pick(FORMLESS) })),
  }),
  ({ desk: { collection, rare }, document, text }) => ({
    what: 'note what JSON has no form for',
    codes: ['invalid_value'],
    run: () => collection.updateMetadata(document, { pinned: text, colour: rare.pick(FORMLESS) as string }),
  }),
  ({ desk: { collection, rare }, document, text }) => ({
    what: 'write what holds itself',
    codes: ['invalid_value'],
    run: rare.pick([
      () => collection.set(document, asDoc({ title: text, place: cycle() })),
      () => collection.update(document, { title: text, place: cycle() as NonNullable<Doc['place']> }),
      () => collection.updateMetadata(document, { pinned: text, by: cycle() as JsonObject }),
    ]),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'set what is too deep',
    codes: ['invalid_value'],
    run: () => collection.set(document, asDoc({ title: text, place: nested(LIMITS.depth) })),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'update to what is too large',
    codes: ['document_too_large'],
    run: () => collection.update(document, { title: text, padding: 'x'.repeat(LIMITS.documentBytes) }),
  }),
  ({ desk: { collection, rare }, text }) => ({
    what: 'create under an id that is not allowed',
    codes: ['invalid_id'],
    run: () => collection.create(rare.pick(BAD_IDS), { title: text }),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'create what is there',
    codes: ['document_exists'],
    run: () => collection.create(document, { title: text }),
  }),
  ({ desk: { collection, rare }, text }) => ({
    what: 'write to what is not there',
    codes: ['document_not_found'],
    run: rare.pick([
      () => collection.update(MISSING, { title: text }),
      () => collection.updateMetadata(MISSING, { pinned: text }),
      () => collection.delete(MISSING),
      () => collection.resolve(MISSING, { value: { title: text } }),
    ]),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'settle a conflict that is not there',
    // A copy has no conflicts of its own.
    codes: ['conflict_not_found', 'document_not_found'],
    run: () => collection.resolve(document, { path: ['nowhere'], value: text }),
  }),
  ({ desk: { collection, rare } }) => {
    const conflicts = collection.conflicts()
    if (conflicts.length === 0) return undefined
    const { id, path } = rare.pick(conflicts)
    return {
      what: 'pick a value that is not listed',
      codes: ['conflict_not_found'],
      run: () => collection.resolve(id, { path, pick: `${MISSING}:1` }),
    }
  },
  ({ desk: { collection }, document, text }) => ({
    what: 'settle in two ways at once',
    codes: ['invalid_options', 'document_not_found'],
    run: () => collection.resolve(document, { value: text, keepBoth: true } as never),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'edit a draft and throw',
    codes: [],
    run: () =>
      collection.update(document, (draft) => {
        Object.assign(draft, { title: text, tags: [text] })
        throw new ChangedMind()
      }),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'return another draft',
    codes: ['invalid_options'],
    run: () => collection.update(document, (draft) => Object.assign(draft, { title: text })),
  }),
  ({ desk: { collection }, document, text }) => ({
    what: 'save what was never read',
    codes: ['invalid_options'],
    run: () => collection.set(document, { title: text }, { read: {} }),
  }),
  ({ rejected }) => ({
    what: 'try again what was never refused',
    codes: ['invalid_options'],
    run: () => rejected.retry(MISSING),
  }),
  ({ desk: { rare }, rejected, text }) => {
    const refused = rejected.list()
    if (refused.length === 0) return undefined
    const delta = [{ root: 'content', path: [''], value: text }, 1] as never
    return {
      what: 'try again with what is no delta',
      codes: ['invalid_value'],
      run: () => rejected.retry(rare.pick(refused).id, { delta }),
    }
  },
]
