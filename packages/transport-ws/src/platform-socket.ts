import { CLOSE_CODES, SOCKET_PROTOCOL } from '@whisker/protocol'

/** A socket, as far as it is needed here. */
export interface Socket {
  send(text: string): void
  /** Ends it, whether the other side answers or not. Nothing is told of it from then on. */
  drop(): void
}

export interface SocketEvents {
  readonly opened: () => void
  /** Undefined for what is no text, or too large. */
  readonly message: (text: string | undefined) => void
  /** It could not be opened, or is closed. */
  readonly closed: (code: number, reason: string) => void
}

export type OpenSocket = (url: string, maxBytes: number, events: SocketEvents) => Socket

/** What browsers, Node and `ws` have in common. */
export interface PlatformSocket {
  readonly protocol: string
  addEventListener(name: 'open', listener: () => void): void
  /** The message is that of `ws`: platforms tell nothing here, so that no page can look around in a network. */
  addEventListener(name: 'error', listener: (event: { readonly message?: unknown }) => void): void
  addEventListener(name: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(name: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void
  send(text: string): void
  close(): void
  /** Of `ws`: closes without waiting for the other side. */
  terminate?(): void
}

/** Opens a socket that `make` makes, for one subprotocol. */
export const openSocketWith =
  (make: (url: string, protocols: string[], maxBytes: number) => PlatformSocket): OpenSocket =>
  (url, maxBytes, events) => {
    const socket = make(url, [SOCKET_PROTOCOL], maxBytes)
    let isOver = false
    let failure = ''
    const drop = (): void => {
      isOver = true
      socket.close()
      socket.terminate?.()
    }
    const closed = (code: number, reason: string): void => {
      if (isOver) return
      isOver = true
      events.closed(code, reason)
    }
    socket.addEventListener('open', () => {
      if (isOver) return
      if (socket.protocol === SOCKET_PROTOCOL) return events.opened()
      socket.close()
      closed(CLOSE_CODES.bad_message, 'the server speaks another subprotocol')
    })
    socket.addEventListener('message', ({ data }) => {
      if (!isOver) events.message(typeof data === 'string' && data.length <= maxBytes ? data : undefined)
    })
    socket.addEventListener('error', ({ message }) => {
      failure = typeof message === 'string' ? message : ''
    })
    socket.addEventListener('close', ({ code, reason }) => closed(code, reason === '' ? failure : reason))
    return { send: (text) => socket.send(text), drop }
  }
