import { setImmediate as nextTurn } from 'node:timers/promises'
import { type LiveFrame, type Refusal, decodeFrame, parseJson } from '@whisker/protocol'
import type { SubscriptionSink } from '../server-session.ts'

/** What a subscriber was sent, in order: a frame, or a hint. */
export type Told = LiveFrame | 'hint'

/** The reader's end of a subscription. It takes in at once what it is sent, unless it is told how much waits. */
export class FrameReader implements SubscriptionSink {
  bufferedBytes = 0
  readonly told: Told[] = []
  ended: Refusal | undefined
  onSend: (told: Told, text: string) => void = () => undefined

  send(text: string): void {
    const told = decodeFrame(parseJson(text)) ?? 'hint'
    this.told.push(told)
    this.onSend(told, text)
  }

  end(refusal: Refusal): void {
    if (this.ended) throw new Error('A subscription ends once.')
    this.ended = refusal
  }

  /** From where to where each frame leads, and what documents it shows. */
  get outline(): readonly (readonly [from: number, to: number, ...documents: string[]] | 'hint')[] {
    return this.told.map((one) =>
      one === 'hint' ? one : [one.from, one.since, ...one.rows.map(({ document }) => document)],
    )
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await nextTurn()
}
