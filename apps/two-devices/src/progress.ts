import type { SyncProgress } from '@whisker/engine'
import cliProgress from 'cli-progress'
import type { DeviceProcess } from './processes/control.ts'

/** One direction of one device, whose `sync_progress` drives a bar. */
export interface Followed {
  readonly device: DeviceProcess
  readonly phase: SyncProgress['phase']
}

interface Place {
  readonly write: (text: string) => void
  readonly terminal?: NodeJS.WriteStream | undefined
  readonly label: (followed: Followed) => string
}

/** A bar over several rounds: each round counts from zero, the bar goes on where the last one ended. */
class Course {
  #before = 0
  #done = 0
  #total = 0

  begin(): void {
    this.#before += this.#done
    this.#done = 0
    this.#total = 0
  }

  take({ done, total }: SyncProgress): void {
    this.#done = done
    this.#total = total
  }

  get done(): number {
    return this.#before + this.#done
  }

  get total(): number {
    return this.#before + this.#total
  }
}

/** Shows how far each of them is; returns what ends it. */
export function followProgress(all: readonly Followed[], place: Place): () => void {
  const bars = place.terminal && newBars(place.terminal)
  const courses = all.map((followed) => {
    const { device, phase } = followed
    const course = new Course()
    const bar = bars?.create(1, 0, { label: place.label(followed), count: '' })
    const ends = [
      device.on('sync_started', () => course.begin()),
      device.on('sync_progress', (progress) => {
        if (progress.phase !== phase || progress.total === 0) return
        course.take(progress)
        bar?.setTotal(course.total)
        bar?.update(course.done, { count: countOf(course) })
      }),
    ]
    return { followed, course, ends }
  })
  return () => {
    for (const { ends } of courses) for (const end of ends) end()
    bars?.stop()
    if (bars) return
    for (const { followed, course } of courses) place.write(`${place.label(followed)} ${countOf(course)}\n`)
  }
}

const newBars = (stream: NodeJS.WriteStream): cliProgress.MultiBar =>
  new cliProgress.MultiBar({
    stream,
    format: '{label} {bar} {count}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    emptyOnZero: true,
    forceRedraw: true,
    fps: 20,
  })

const countOf = ({ done, total }: Course): string =>
  `${done.toLocaleString('en')} of ${total.toLocaleString('en')} changes`
