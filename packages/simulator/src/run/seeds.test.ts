import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Plan, planOf } from './plan.ts'
import { run } from './run.ts'

const SEEDS = 300

/** Plans that broke a rule once, by the file that holds them, and what was wrong. */
const KEPT = {
  'page-from-a-cache': 'a page that something on the way had kept was taken for the end of a scan',
  'acknowledged-by-a-refusal': 'what a refusal acknowledged was beyond what the store had seen',
  'follower-never-told': 'a follower was never told that the trouble was over',
  'asked-before-it-was-told':
    'who asked whether all is synced was told so before it had heard of a write of another opening',
  'away-and-read-only': 'a device that had been away and may not write was told to start over without end',
  'subscribed-from-before': 'a live device subscribed without end from where it stood before it had been away',
  'both-kept-of-a-place': 'keeping both of a place lost what was listed within it',
  'form-of-what-was-taken-back': 'a form that showed a write which was taken back wrote over another of the same name',
  'clock-that-jumps': 'an edit waited for an hour, because the clock had jumped',
  'follower-not-told':
    'the author of a write that another opening had sent was never told, because a later commit had failed',
  'shown-and-listed-in-one-write':
    'a field that was removed stood again, because a conflict beside it came from the same write',
  'follower-about-to-try-again':
    'a follower that had failed to take the lead said for ever that it was about to try again',
  'frame-read-late': 'a frame that had waited told a device that its clock was wrong',
  'renamed-and-taken': 'an edit no longer knew of what another opening had issued again and sent meanwhile',
  'let-go-by-another': 'an author was never told of a refusal that another opening had let go of meanwhile',
  'known-by-two-names':
    'a form of a conflict, of which the server had one write by two names, kept only one of them when it was saved',
  'lead-lost-in-a-round': 'an opening that lost the lead in the middle of a round said for ever that it had failed',
  'let-go-and-told-as-taken': 'an author was told that the server took what another opening tried again meanwhile',
  'noted-on-what-was-refused': 'what was noted about a document was taken for lost when its content was refused',
  'place-that-goes':
    'what was shown within a place stayed when the place was removed, because it was in conflict beside it',
  'refused-and-told-as-written-here': 'what was beneath a refused write was told to be written by this app',
  'renamed-and-later-refused':
    'an author did not know that what was refused was theirs, as it had another name and another time',
  'told-of-another': 'an author was told of a write of another opening, which had come to stand at the same place',
  'told-by-a-refusal': 'what a refusal told to be on the server was taken for older than it was',
  'written-at-the-same-time':
    'a form took over the name of another write, which was made at the same time, and wrote over that one',
  'too-large-for-ever':
    'a push that was too large was repeated without end, because edits that became one were counted one by one',
}

const keptPlan = (name: string): Plan =>
  JSON.parse(readFileSync(new URL(`./kept/${name}.json`, import.meta.url), 'utf8')) as Plan

test('no rule is broken in the fixed seeds', { timeout: 300_000 }, async () => {
  const broken: string[] = []
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violation } = await run(planOf(String(seed)))
    if (violation) broken.push(`${seed}: ${violation.message}`)
  }
  expect(broken).toEqual([])
})

test.each(Object.entries(KEPT))('%s: no more that %s', { timeout: 60_000 }, async (name) => {
  const { violation } = await run(keptPlan(name))
  expect(violation).toBeUndefined()
})

test('a seed gives the same course twice', { timeout: 60_000 }, async () => {
  for (const seed of ['2', '17', '33', '71']) {
    const [first, second] = [await run(planOf(seed)), await run(planOf(seed))]
    expect({ trace: second.trace, events: second.events }).toEqual({ trace: first.trace, events: first.events })
  }
})
