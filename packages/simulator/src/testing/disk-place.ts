import { seededRandom } from '../random.ts'
import { Disk, type DiskOptions } from '../world/disk.ts'
import { type FaultOptions, Faults } from '../world/faults.ts'
import { Process, WallClock } from '../world/process.ts'
import { Scheduler } from '../world/scheduler.ts'

/** A disk, and the time it lives in, which somebody lets pass. */
export interface DiskPlace {
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly disk: Disk
  readonly newProcess: () => Process
}

export function diskPlace(
  seed: string,
  options: FaultOptions = {},
  onCommit: DiskOptions['onCommit'] = () => {},
): DiskPlace {
  const scheduler = new Scheduler(0)
  const wall = new WallClock(scheduler)
  const random = seededRandom(seed)
  const faults = new Faults(options, random.fork('faults'))
  const disk = new Disk({ faults, random: random.fork('disk'), onCommit })
  return { scheduler, faults, disk, newProcess: () => new Process(scheduler, wall) }
}
