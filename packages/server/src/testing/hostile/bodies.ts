import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { TestClient } from '../test-client.ts'
import { type HostileRequest, OPERATIONS, allAnswered, post, request } from './hostile-case.ts'
import { forkedPush } from './pushes.ts'

const MEBIBYTE = 1024 * 1024
const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth)
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

/** Bodies that are no message, too much of one, or none at all. */
export function hostileBodies(mallory: TestClient): readonly HostileRequest[] {
  const push = forkedPush(mallory)
  const whole = JSON.stringify(push)
  const bomb = Buffer.from(whole + ' '.repeat(10 * MEBIBYTE))
  return [
    ...allAnswered('400 bad_message', {
      'an empty body': post(''),
      'no body at all': request({ method: 'POST', path: OPERATIONS, headers: { 'content-type': 'application/json' } }),
      'white space': post(' \n\t'),
      'a form': post('v=1&at=[]'),
      'XML with an entity': post('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
      'a script': post('<script>alert(1)</script>'),
      'a comment in JSON': post(`/**/${whole}`),
      'a trailing comma': post(whole.replace(/\}$/, ',}')),
      'single quotes': post(whole.replaceAll('"', "'")),
      'two messages': post(whole + whole),
      'something after the message': post(`${whole}x`),
      'a byte order mark': post(`\ufeff${whole}`),
      'a NaN': post(whole.replace('"v":1', '"v":NaN')),
      'an infinity': post(whole.replace('"v":1', '"v":Infinity')),
      'a hexadecimal number': post(whole.replace('"v":1', '"v":0x1')),
      'a number with a leading zero': post(whole.replace('"v":1', '"v":01')),
      'the last of two versions wrong': post(whole.replace('"v":1', '"v":1,"v":0')),
      'an escaped key that is the version, wrong': post(whole.replace('"v":1', String.raw`"v":1,"\u0076":0`)),
      'a zero byte': post(bytes(whole.slice(0, 10), [0], whole.slice(10))),
      'a zero byte at the end': post(bytes(whole, [0])),
      'a control character in a text': post(whole.replace('whole', 'wh\u0001ole')),
      'UTF-16': post(Buffer.from(whole, 'utf16le')),
      'Latin-1': post(Buffer.from(whole.replace('whole', 'whöle'), 'latin1')),
      'a broken UTF-8 sequence': post(bytes(whole.slice(0, 30), [0xc3, 0x28], whole.slice(30))),
      'an overlong slash': post(bytes('{"v":1,"at":"', [0xc0, 0xaf], '"}')),
      'a surrogate in UTF-8': post(bytes('{"v":1,"at":"', [0xed, 0xa0, 0x80], '"}')),
      'bytes beyond Unicode': post(bytes('{"v":1,"at":"', [0xf4, 0x90, 0x80, 0x80], '"}')),
      'half a character at the end': post(bytes(whole, [0xe2, 0x82])),
      '100,000 lists in each other': post(nested('[', ']', 100_000)),
      '100,000 lists that never end': post('['.repeat(100_000)),
      '100,000 objects in each other': post(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`),
      '100,000 closing brackets': post(']'.repeat(100_000)),
      '100,000 lists in a document': post(whole.replace('"note":null', `"note":${nested('[', ']', 100_000)}`)),
      'lists one deeper than a document may be': post(whole.replace('"note":null', `"note":${nested('[', ']', 64)}`)),
      'a very long number': post(whole.replace('"v":1', `"v":${'1'.repeat(1_000_000)}`)),
      'a very long fraction': post(whole.replace('"v":1', `"v":1.${'0'.repeat(1000)}1e-5`)),
      'a very long key': post(whole.replace('{"chapters":', `{"${'k'.repeat(1_000_000)}":`)),
      'a million empty lists': post(`[${'[],'.repeat(1_000_000)}[]]`),
      'a hundred thousand keys': post(`{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":0`).join(',')}}`),
      'a prototype instead of a message': post('{"__proto__":{"v":1,"at":[null,0,0,0]}}'),
      'a prototype with the version': post(whole.replace('"v":1', '"__proto__":{"v":1}')),
      'a prototype in a document': post(whole.replace('"note":null', '"__proto__":{"isAdmin":true}')),
      'an escaped prototype in a document': post(whole.replace('"note":null', String.raw`"\u005f_proto__":1`)),
      'a constructor in a document': post(whole.replace('"note":null', '"constructor":{"prototype":{}}')),
      'a prototype as a key of a path': post(whole.replace('[["title"],"newer"]', '[["__proto__","x"],"newer"]')),
      'a constructor as a key of a path': post(whole.replace('[["title"],"newer"]', '[["constructor"],"newer"]')),
      'prototype as a key of a path': post(whole.replace('[["title"],"newer"]', '[["a","prototype"],"newer"]')),
      'a prototype as a key of the metadata': post(whole.replace('[0,"pinned"]', '[0,"__proto__"]')),
      'a strategy of a collection that is a path': post(whole.replace('{"chapters":', '{"../chapters":')),
    }),
    ...Object.keys(push).map((field): HostileRequest => ({
      name: `a second ${field} that is none`,
      expected: '400 bad_message',
      sending: { bytes: post(whole.replace(/\}$/, `,"${field}":null}`)) },
    })),
    ...Array.from({ length: 24 }, (_, at): HostileRequest => {
      const end = Math.floor((whole.length * at) / 24)
      return {
        name: `a message cut at ${end}`,
        expected: '400 bad_message',
        sending: { bytes: post(whole.slice(0, end)) },
      }
    }),
    ...allAnswered('200 replica_forked', {
      'the first of two versions wrong': post(whole.replace('"v":1', '"v":0,"v":1')),
      'fields that nobody knows': post(whole.replace('"v":1', '"v":1,"isAdmin":true,"constructor":1')),
      'a prototype as a field that nobody knows': post(whole.replace('"v":1', '"v":1,"__proto__":{"isAdmin":true}')),
      'white space between everything': post(JSON.stringify(push, undefined, 10)),
      'documents named like a prototype': post(whole.replaceAll('"new"', '"__proto__"')),
      'collections named like a prototype': post(whole.replaceAll('"chapters"', '"__proto__"')),
    }),
    ...allAnswered('413 too_large', {
      '10 MiB of a text': post(`"${'x'.repeat(10 * MEBIBYTE)}"`),
      'one byte more than a message has': post(' '.repeat(4 * MEBIBYTE + 1)),
      'a declared terabyte': {
        bytes: request({
          method: 'POST',
          path: OPERATIONS,
          headers: { 'content-type': 'application/json', 'content-length': String(2 ** 40) },
        }),
      },
      'chunks without end': {
        bytes: request({
          method: 'POST',
          path: OPERATIONS,
          // A connection that is to be closed would be, at once, and the answer be lost among what is still on its way.
          headers: { connection: undefined, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
        }),
        endless: `10000\r\n${' '.repeat(0x10000)}\r\n`,
      },
    }),
    ...allAnswered('415 bad_request', {
      'gzip that is said to be gzip': post(gzipSync(whole), { 'content-encoding': 'gzip' }),
      'a gzip bomb': post(gzipSync(bomb), { 'content-encoding': 'gzip' }),
      'a deflate bomb': post(deflateSync(bomb), { 'content-encoding': 'deflate' }),
      'a brotli bomb': post(brotliCompressSync(bomb), { 'content-encoding': 'br' }),
      'gzip in gzip': post(gzipSync(gzipSync(bomb)), { 'content-encoding': 'gzip, gzip' }),
      'an encoding that nobody knows': post(whole, { 'content-encoding': 'rot13' }),
      'no type': post(whole, { 'content-type': undefined }),
      'a text': post(whole, { 'content-type': 'text/plain' }),
      'a form by its type': post(whole, { 'content-type': 'application/x-www-form-urlencoded' }),
      'parts of a form': post(whole, { 'content-type': 'multipart/form-data; boundary=x' }),
      'nearly JSON': post(whole, { 'content-type': 'application/jsonp' }),
      'two types': post(whole, { 'content-type': 'text/plain, application/json' }),
    }),
    ...allAnswered('400 bad_message', {
      'gzip that is said to be nothing': post(gzipSync(whole)),
      'gzip that is said to be itself': post(gzipSync(whole), { 'content-encoding': 'identity' }),
    }),
  ]
}
