import { type Dot, isReplicaId } from '../identity.ts'
import type { JsonValue } from '../json.ts'
import type { PushProblem, Reason, ReplicaMark } from '../messages.ts'
import { readKey } from './operation-codec.ts'
import { CODE_LENGTH, MESSAGE_LENGTH, readAs, readInteger, readList, readText, readable, refuse } from './reading.ts'

/* What stopped a push: `[code, replica, counter, …]`, the rest by the code. */

export function encodeProblem(problem: PushProblem): JsonValue {
  switch (problem.code) {
    case 'replica_forked':
      return [problem.code, problem.replica, problem.last.counter, problem.last.check]
    case 'operation_rejected':
      return [problem.code, problem.dot.replica, problem.dot.counter, ...encodeReason(problem.reason)]
    case 'missing':
      return [problem.code, problem.dot.replica, problem.dot.counter, problem.collection, problem.document]
    case 'space_full':
      return [problem.code, problem.dot.replica, problem.dot.counter, readable(problem.message, MESSAGE_LENGTH)]
    case 'clock_ahead':
      return [problem.code, problem.dot.replica, problem.dot.counter]
  }
}

export function decodeProblem(value: unknown): PushProblem {
  const [code, replica, counter, third, fourth] = readList(value, 'problem')
  const id = readAs(replica, 'problem replica', 'a replica id', isReplicaId)
  if (code === 'replica_forked') return { code, replica: id, last: decodeMark(counter, third) }
  const dot: Dot = { replica: id, counter: readInteger(counter, 'problem counter', 1) }
  switch (code) {
    case 'operation_rejected':
      return { code, dot, reason: decodeReason(third, fourth) }
    case 'missing':
      return { code, dot, ...readKey(third, fourth, 'problem') }
    case 'space_full':
      return { code, dot, message: readText(third, 'problem message', MESSAGE_LENGTH) }
    case 'clock_ahead':
      return { code, dot }
    default:
      return refuse('problem', 'a known code', code)
  }
}

export const encodeReason = ({ code, message }: Reason): [string, string] => [
  readable(code, CODE_LENGTH),
  readable(message, MESSAGE_LENGTH),
]

export const decodeReason = (code: unknown, text: unknown): Reason => ({
  code: readText(code, 'reason code', CODE_LENGTH),
  message: readText(text, 'reason message', MESSAGE_LENGTH),
})

export const decodeMark = (counter: unknown, check: unknown): ReplicaMark => ({
  counter: readInteger(counter, 'counter'),
  check: readInteger(check, 'check value'),
})
