import type { Transport } from '@whisker/protocol'
import { WebSocket } from 'ws'
import type { WebSocketTransportOptions } from './options.ts'
import { type OpenSocket, openSocketWith } from './platform-socket.ts'
import { transportOver } from './web-socket-transport.ts'

export type { WebSocketTransportOptions } from './options.ts'

/**
 * The way to a server over one socket that stays open, with `ws`, which bounds what it reads. Throws at once what is wrong
 * with its options; opens nothing by itself.
 */
export const webSocketTransport = (options: WebSocketTransportOptions): Transport => transportOver(openWs, options)

const openWs: OpenSocket = openSocketWith(
  (url, protocols, maxPayload) =>
    // Compressing what holds secrets and what others wrote would tell of the secrets by its length.
    new WebSocket(url, protocols, { maxPayload, perMessageDeflate: false, followRedirects: false }),
)
