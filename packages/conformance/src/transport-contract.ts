import { registerBehaviours } from './behaviour.ts'
import { ANSWER_BEHAVIOURS } from './transport-contract-answers.ts'
import { type TransportBehaviour, type TransportPlace, transportBehaviours } from './transport-contract-bench.ts'
import { END_BEHAVIOURS } from './transport-contract-ends.ts'
import { FAILURE_BEHAVIOURS } from './transport-contract-failures.ts'

export const TRANSPORT_BEHAVIOURS: readonly TransportBehaviour[] = transportBehaviours([
  ...ANSWER_BEHAVIOURS,
  ...FAILURE_BEHAVIOURS,
  ...END_BEHAVIOURS,
])

/** Registers every behaviour of a `Transport` as a test; `makePlace` is called once for each. */
export const transportContract = (makePlace: () => TransportPlace | Promise<TransportPlace>): void =>
  registerBehaviours('what every transport keeps', TRANSPORT_BEHAVIOURS, makePlace)
