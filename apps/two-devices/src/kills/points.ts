import { rmSync, writeFileSync } from 'node:fs'
import type { Dot } from '@whisker/protocol'

/** Where a process can be told to kill itself, named for what is done there and what is not. */
export type ServerPoint = (typeof SERVER_POINTS)[number]
export type DevicePoint = (typeof DEVICE_POINTS)[number]
export type Point = ServerPoint | DevicePoint

export const SERVER_POINTS = ['push put, not committed', 'push committed, not acknowledged'] as const
export const DEVICE_POINTS = [
  'page put, not committed',
  'write half put, not committed',
  'write committed, not pushed',
  'receipt here, not committed',
] as const

/** What whoever opens the store after the kill has to find. */
export type Trace = ServerTrace | DeviceTrace

export interface ServerTrace {
  readonly point: ServerPoint
  /** The last operation of the push. */
  readonly dot: Dot
  readonly isTaken: boolean
}

export interface DeviceTrace {
  readonly point: DevicePoint
  /** Undefined where others may have committed at the same time. */
  readonly revision: number | undefined
  /** What must wait in the outbox. */
  readonly waiting: readonly Dot[]
}

/** The one point at which this process is to kill itself. */
export class Stop<T extends Trace> {
  readonly #file: string
  #point: T['point'] | undefined

  /** The trace goes to `file`; one of a former process does not stay there. */
  constructor(file: string) {
    this.#file = file
    rmSync(file, { force: true })
  }

  at(point: T['point']): void {
    this.#point = point
  }

  /** Does not return if this is the point. */
  reached(trace: T): void {
    if (trace.point !== this.#point) return
    writeFileSync(this.#file, JSON.stringify(trace))
    process.kill(process.pid, 'SIGKILL')
  }
}

export const isServerPoint = (point: Point): point is ServerPoint => (SERVER_POINTS as readonly Point[]).includes(point)
