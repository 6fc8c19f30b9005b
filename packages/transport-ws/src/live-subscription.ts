import type {
  JsonValue,
  LiveFrame,
  Member,
  MemberChange,
  SubscribeRequest,
  Subscription,
  SubscriptionListener,
} from '@whisker/protocol'
import type { Connection, Subscriber } from './connection.ts'

/** What somebody subscribed to, over all the connections that it takes. */
export class LiveSubscription implements Subscriber, Subscription {
  readonly #request: SubscribeRequest
  readonly #listener: SubscriptionListener
  readonly #onOver: (subscription: LiveSubscription) => void
  readonly #members = new Map<string, Member>()
  #connection: Connection | undefined
  #number = 0
  #isConnected = false
  #isOver = false
  #shown: JsonValue | undefined

  constructor(
    request: SubscribeRequest,
    listener: SubscriptionListener,
    onOver: (subscription: LiveSubscription) => void,
  ) {
    this.#request = request
    this.#listener = listener
    this.#onOver = onOver
  }

  begin(connection: Connection): void {
    this.#connection = connection
    this.#number = connection.subscribe(this.#request, this)
  }

  show(value: JsonValue | undefined): void {
    this.#shown = value
    if (this.#isConnected) this.#connection?.show(this.#number, value)
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#connection?.unsubscribe(this.#number)
    this.#connection = undefined
    this.#onOver(this)
  }

  begun(): void {
    this.#isConnected = true
    this.#listener.connected(true)
    if (this.#shown !== undefined) this.show(this.#shown)
  }

  changed(frame: LiveFrame | undefined): void {
    this.#listener.changed(frame)
  }

  present(changes: readonly MemberChange[]): void {
    for (const { value, ...who } of changes) {
      if (value === undefined) this.#members.delete(who.id)
      else this.#members.set(who.id, { ...who, value })
    }
    this.#listener.present?.([...this.#members.values()])
  }

  refused(): void {
    this.#isOver = true
    this.#disconnect()
    this.#onOver(this)
    // Also one that never began: whoever subscribed has to know that it does not come by itself.
    this.#listener.connected(false)
  }

  lost(): void {
    const wasConnected = this.#isConnected
    this.#disconnect()
    if (wasConnected) this.#listener.connected(false)
  }

  #disconnect(): void {
    this.#connection = undefined
    this.#isConnected = false
    this.#members.clear()
  }
}
