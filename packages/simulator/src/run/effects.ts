import type { Actor, Stage } from './stage.ts'

/** Somebody writes, by the clock of their device, and beside whatever is a copy of it: then the faults of both tell. */
export function noteWrite({ world, clones }: Stage, actor: Actor): void {
  const { device, clockFaults } = actor
  for (const fault of clockFaults) {
    if (fault !== 'clock_freeze' || device.wall.frozenAtMs !== undefined) world.faults.took(fault)
  }
  clockFaults.clear()
  for (const silent of clones) {
    if (silent.delete(actor) && silent.size === 0) world.faults.took('device_cloned')
  }
}
