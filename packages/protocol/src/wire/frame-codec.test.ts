import { describe, expect, test } from 'vitest'
import { isSyncError } from '../errors.ts'
import { parseJson } from '../json.ts'
import { replica } from '../testing/writing.ts'
import { decodeFrame, encodeFrameAround, encodeHint } from './frame-codec.ts'

const A = replica('A')
/** None of its spaces would survive a parse. */
const PAGE = `{"v":1,"time":5,"at":[9,9,9,0],"names":["stories"],"ids":["${A}"],"rows":[[0,"doc",8,[0,1 , 5,{}]]]}`

test('a frame is a page as it stands, with the place that it follows', () => {
  const text = encodeFrameAround(7, PAGE)
  expect(text).toBe(`{"from":7,${PAGE.slice(1)}`)
  expect(decodeFrame(parseJson(text))).toMatchObject({ from: 7, since: 9, rows: [{ document: 'doc', seq: 8 }] })
})

test('a hint is a message that holds nothing', () => {
  expect(encodeHint()).toBe('{"v":1,"pull":1}')
  expect(decodeFrame(parseJson(encodeHint()))).toBeUndefined()
})

function refusalOf(message: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(decodeFrame(message))
  } catch (error) {
    return isSyncError(error) && error.code === 'bad_message' ? error.message : String(error)
  }
}
const frame = (change: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  v: 1,
  from: 7,
  time: 5,
  at: [9, 9, 9, 0],
  ...change,
})

describe('a frame is refused', () => {
  test.each<[string, Readonly<Record<string, unknown>>, where: string]>([
    ['if it is of another version', frame({ v: 2 }), 'frame'],
    ['if it follows nothing', frame({ from: undefined }), 'frame from'],
    ['if it follows what is no place', frame({ from: -1 }), 'frame from'],
    ['if it ends where it begins', frame({ from: 9 }), 'frame from'],
    ['if it ends before it begins', frame({ from: 10 }), 'frame from'],
    ['if it is not all that changed', frame({ more: 1 }), 'frame more'],
    ['if it ends within a scan', frame({ at: [8, 9, 9, 0] }), 'frame after'],
    ['if it is no page', frame({ at: undefined }), 'page at'],
    ['if it is a hint too', frame({ pull: 1 }), 'hint'],
    ['if it hints at something else', { v: 1, pull: 2 }, 'hint pull'],
    ['if it has null for a hint', { v: 1, pull: null }, 'hint pull'],
  ])('%s', (_, message, where) => expect(refusalOf(message)).toMatch(new RegExp(`^${where}: expected`)))
})
