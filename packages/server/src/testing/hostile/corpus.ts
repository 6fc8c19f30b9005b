import { hostileBodies } from './bodies.ts'
import { hostileCrowds } from './crowds.ts'
import { hostileHeaders, hostilePulls, nowhere, strangers } from './doors.ts'
import { expectedOf } from './expected-outcomes.ts'
import { hostileFrames } from './frames.ts'
import { type HostileCase, type HostileRequest, post } from './hostile-case.ts'
import type { Victims } from './hostile-world.ts'
import { lies } from './lies.ts'
import { hostileMessages } from './messages.ts'
import { misfitsOf, mutationsOf } from './mutations.ts'
import { forkedPush } from './pushes.ts'
import { hostileUpgrades } from './upgrades.ts'
import { hostileWires, slowWires } from './wires.ts'

/** Everything that nobody honest sends, the same in every run. Those that take their time are first. */
export function corpusOf({ mallory, anna }: Victims): readonly HostileCase[] {
  const cases: readonly HostileCase[] = [
    ...slowWires.map((one) => ({ ...one, port: 'hasty' as const })),
    ...hostileUpgrades(),
    ...hostileMessages(mallory),
    ...hostileFrames(),
    ...hostileCrowds,
    ...hostileBodies(mallory),
    ...wrongPushes(mallory),
    ...hostilePulls(mallory, anna),
    ...lies(mallory, anna),
    ...strangers(mallory),
    ...nowhere,
    ...hostileHeaders(mallory),
    ...hostileWires,
  ]
  return cases.toSorted((a, b) => Number(isSlow(b)) - Number(isSlow(a)))
}

const isSlow = ({ port, check }: HostileCase): boolean => port === 'hasty' || check === 'hello_time'

const wrongPushes = (mallory: Victims['mallory']): readonly HostileRequest[] =>
  [...mutationsOf(forkedPush(mallory)), ...misfitsOf(forkedPush(mallory))].map((mutation) => ({
    name: `${mutation.place} is ${mutation.wrong}`,
    sending: { bytes: post(mutation.text) },
    expected: expectedOf(mutation),
  }))
