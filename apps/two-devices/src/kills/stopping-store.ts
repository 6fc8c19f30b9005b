import type { ReplicaChange, SyncStore } from '@whisker/protocol'
import type { ServerTrace, Stop } from './points.ts'

/** A server's store in which the points of a push can be reached. */
export const stoppingStore = (store: SyncStore, stop: Stop<ServerTrace>): SyncStore => ({
  begin: (epoch) => store.begin(epoch),
  async write(space, work) {
    let pushed: ReplicaChange | undefined
    const result = await store.write(space, (transaction) =>
      work({
        ...transaction,
        async put(changes) {
          await transaction.put(changes)
          if (changes.documents.length === 0) return
          pushed = changes.replicas.find(({ checks }) => checks.length > 0)
          if (pushed) stop.reached({ point: 'push put, not committed', dot: dotOf(pushed), isTaken: false })
        },
      }),
    )
    if (pushed) stop.reached({ point: 'push committed, not acknowledged', dot: dotOf(pushed), isTaken: true })
    return result
  },
  read: (space, work) => store.read(space, work),
  close: () => store.close(),
})

const dotOf = ({ row }: ReplicaChange): ServerTrace['dot'] => ({ replica: row.replica, counter: row.last.counter })
