import type { SpaceChanges, SpaceRecord } from '@whisker/protocol'

/** A put that leaves the space as it is, to be spread under what does change. */
export const noChanges = ({ head, highestTime, collected, usage, digest }: SpaceRecord): SpaceChanges => ({
  head,
  highestTime,
  collected,
  usage,
  digest,
  strategies: [],
  replicas: [],
  documents: [],
  removed: [],
  revoked: [],
})
