/** What a process can be asked to do, by name. Arguments and results are plain data. */
export type Commands = { readonly [name: string]: (...parameters: never[]) => unknown }

export interface Call {
  readonly name: string
  readonly parameters: readonly unknown[]
}
export type Answer = { readonly value: unknown } | { readonly failure: string }

/** Serves the parent's calls, one at a time, until it goes away: then this process ends itself. */
export function answerCalls(commands: Commands): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (call: Call) => {
    void answerTo(commands, call).then((answer) => process.send?.(answer))
  })
}

async function answerTo(commands: Commands, { name, parameters }: Call): Promise<Answer> {
  try {
    const command = commands[name] as ((...parameters: readonly unknown[]) => unknown) | undefined
    if (!command) throw new Error(`This process has no command ${JSON.stringify(name)}.`)
    return { value: await command(...parameters) }
  } catch (thrown) {
    return { failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }
  }
}

/** How long it takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** What this process holds after a collection, in bytes. */
export function heldBytes(): number {
  // What loading the code left behind goes only after several.
  for (let times = 0; times < 4; times++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
