import { setImmediate as macrotask } from 'node:timers/promises'

interface Task {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/**
 * Virtual time. Tasks run one after another, each at its time, and whatever one of them sets off has come to rest
 * before the next begins: so the same tasks give the same course.
 */
export class Scheduler {
  /** The true time of the world, in milliseconds since 1970; clocks of devices may differ. */
  nowMs: number
  /** Tasks that have run. */
  events = 0
  /** Called with what a task throws. */
  onError: (error: unknown) => void = (error) => {
    throw error
  }
  readonly #heap: Task[] = []
  #order = 0
  /** A hash of what ran when, to compare two runs by. */
  #trace = 0

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  /** Runs `task` after a delay; returns what cancels it. */
  after(delayMs: number, task: () => void): () => void {
    const planned: Task = {
      at: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      run: task,
      isCancelled: false,
    }
    push(this.#heap, planned)
    return () => {
      planned.isCancelled = true
    }
  }

  /** How many tasks wait for their time. */
  get planned(): number {
    return this.#heap.reduce((count, task) => count + (task.isCancelled ? 0 : 1), 0)
  }

  get trace(): string {
    return (this.#trace >>> 0).toString(16).padStart(8, '0')
  }

  /** Makes something that happened part of the trace. */
  note(what: number | string): void {
    if (typeof what === 'number') {
      this.#trace = Math.imul(this.#trace ^ (what | 0), 2654435761) ^ (this.#trace >>> 15)
      return
    }
    for (let index = 0; index < what.length; index++) this.note(what.charCodeAt(index))
  }

  /** Lets everything that needs no time come to rest. */
  async rest(): Promise<void> {
    await macrotask()
  }

  /** Runs the next task that is due by then. Resolves to whether there was one. */
  async step(untilMs: number): Promise<boolean> {
    for (;;) {
      const [next] = this.#heap
      if (!next || next.at > untilMs) return false
      pop(this.#heap)
      if (next.isCancelled) continue
      this.nowMs = next.at
      this.events++
      this.note(next.at)
      this.note(next.order)
      try {
        next.run()
      } catch (error) {
        this.onError(error)
      }
      await this.rest()
      return true
    }
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const end = this.nowMs + ms
    while (await this.step(end)) continue
    this.nowMs = end
  }

  /** Lets time pass until something is so. Resolves to whether it is, within the time given. */
  async until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.nowMs + withinMs
    while (!isSo()) {
      if (await this.step(end)) continue
      this.nowMs = end
      return isSo()
    }
    return true
  }
}

const isBefore = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap: the parent of `index` is at half of it. */
function push(heap: Task[], task: Task): void {
  let index = heap.length
  heap.push(task)
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(task, heap[parent] as Task)) break
    heap[index] = heap[parent] as Task
    index = parent
  }
  heap[index] = task
}

function pop(heap: Task[]): void {
  const last = heap.pop()
  if (heap.length === 0 || !last) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child++
    if (!isBefore(heap[child] as Task, last)) break
    heap[index] = heap[child] as Task
    index = child
  }
  heap[index] = last
}
