import type { SpaceChanges, SpaceRecord } from '@whisker/protocol'

/** A put that leaves the space as it is, to be spread under what does change. */
export const noChanges = ({ head, highestTime, collected, usage }: SpaceRecord): SpaceChanges => ({
  head,
  highestTime,
  collected,
  usage,
  strategies: [],
  replicas: [],
  documents: [],
  removed: [],
  revoked: [],
})
