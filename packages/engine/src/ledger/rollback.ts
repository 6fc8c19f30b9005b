import type { Operation, ReplicaId } from '@whisker/protocol'

/** What a replica wrote beyond a counter was taken back before it was on disk: those names go to other operations. */
export interface Rollback {
  readonly replica: ReplicaId
  readonly counter: number
}

type Names = Pick<Operation, 'base' | 'keep' | 'drop'>

/** What somebody had seen, without what was taken back since: they have not seen what now goes by those names. */
export const withoutUndone = (names: Names, rollbacks: readonly Rollback[]): Names =>
  rollbacks.reduce((one, { replica, counter }) => {
    const stands = (dot: { readonly replica: ReplicaId; readonly counter: number }): boolean =>
      dot.replica !== replica || dot.counter <= counter
    return {
      base: one.base.flatMap((dot) => (stands(dot) ? [dot] : counter > 0 ? [{ replica, counter }] : [])),
      keep: one.keep.filter(({ dot }) => stands(dot)),
      drop: one.drop.filter(({ dot }) => stands(dot)),
    }
  }, names)
