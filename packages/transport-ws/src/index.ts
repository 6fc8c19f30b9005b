import { SyncError, type Transport } from '@whisker/protocol'
import type { WebSocketTransportOptions } from './options.ts'
import { type OpenSocket, openSocketWith } from './platform-socket.ts'
import { transportOver } from './web-socket-transport.ts'

export type { WebSocketTransportOptions } from './options.ts'

/**
 * The way to a server over one socket that stays open, with the platform's `WebSocket`. Throws at once what is wrong with
 * its options; opens nothing by itself.
 */
export const webSocketTransport = (options: WebSocketTransportOptions): Transport =>
  transportOver(openPlatformSocket, options)

const openPlatformSocket: OpenSocket = openSocketWith((url, protocols) => {
  if (globalThis.WebSocket) return new WebSocket(url, protocols)
  throw new SyncError('network', 'This platform has no WebSocket.', { fix: 'Pass one as the option webSocket.' })
})
