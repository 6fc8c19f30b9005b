import { type Answer, type Call, type Commands, type Told, failureOf } from './messages.ts'

/** Serves the parent's calls until it goes away: a process nobody can reach any more ends itself. */
export function answerCalls(commands: Commands): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message: Call) => {
    void answerTo(commands, message).then(send)
  })
}

/** Tells the parent of something unasked. */
export function tell(event: string, detail: unknown): void {
  send({ event, detail })
}

async function answerTo(commands: Commands, { call, name, parameters }: Call): Promise<Answer> {
  try {
    const command = commands[name] as ((...parameters: readonly unknown[]) => unknown) | undefined
    if (!command) throw new Error(`This process has no command ${JSON.stringify(name)}.`)
    return { answer: call, value: await command(...parameters) }
  } catch (thrown) {
    return { answer: call, failure: failureOf(thrown) }
  }
}

/** A parent that went away in the meantime is no error here: `disconnect` follows. */
const send = (message: Answer | Told): void => {
  if (process.connected) process.send?.(message, () => undefined)
}
