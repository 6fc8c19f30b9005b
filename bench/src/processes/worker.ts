import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Call, Commands } from './answer-calls.ts'

/** A process of its own that answers one call at a time. */
export interface Worker<C extends Commands> {
  call<K extends keyof C & string>(name: K, ...parameters: Parameters<C[K]>): Promise<Awaited<ReturnType<C[K]>>>
  /** Resolves once it is gone. */
  end(): Promise<void>
}

export function startWorker<C extends Commands>(name: string, nodeOptions: readonly string[]): Worker<C> {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url))
  const child = fork(file, [], { execArgv: ['--expose-gc', ...nodeOptions] })
  const exited = once(child, 'exit')
  return {
    async call(command, ...parameters) {
      const call: Call = { name: command, parameters }
      const answered = once(child, 'message')
      child.send(call)
      const [answer] = (await Promise.race([answered, exited.then(([code]) => [endedEarly(code)])])) as [Answer]
      if ('failure' in answer) throw new Error(`${name}, ${command}: ${answer.failure}`)
      return answer.value as never
    },
    async end() {
      if (child.connected) child.disconnect()
      await exited
    },
  }
}

const endedEarly = (code: unknown): Answer => ({ failure: `the process ended with code ${String(code)}` })
