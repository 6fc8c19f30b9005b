import { encodePull } from '@whisker/protocol'
import type { SyncServer } from '../server-options.ts'
import type { ServerSession, ServerSubscription } from '../server-session.ts'
import type { FrameReader } from './frame-reader.ts'
import { type Send, TestClient } from './test-client.ts'

/** A client that speaks through a session of its own, and can subscribe. */
export class SessionClient extends TestClient {
  readonly session: ServerSession

  constructor(server: SyncServer, name: string, principal: string = 'local') {
    const session = server.session({ id: principal })
    super(sendThrough(session), name)
    this.session = session
  }

  subscribe(reader: FrameReader): ServerSubscription {
    return this.session.subscribe(this.space, encodePull(this.pullRequest()), reader)
  }

  /** Begins to listen where it stands. */
  async listen(reader: FrameReader): Promise<ServerSubscription> {
    const subscription = this.subscribe(reader)
    await subscription.began
    return subscription
  }
}

/** Does through a session what a request says. */
export function sendThrough(session: ServerSession): Send {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    const [, , , space = '', what] = pathname.split('/')
    const ask = async () => {
      if (what === 'version') return session.version(space)
      if (request.method === 'POST') return session.push(space, await request.json())
      return session.pull(space, Object.fromEntries(searchParams), request.signal)
    }
    const { status, text } = await ask()
    return new Response(text, { status })
  }
}
