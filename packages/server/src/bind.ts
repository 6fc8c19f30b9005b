import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SyncError } from '@whisker/protocol'

/** Listens, and resolves to where. A port that cannot be had is `invalid_options`. */
export async function bind(http: Server, port: number, host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onError = (cause: Error): void => reject(cannotListen(port, host, cause))
  http.once('error', onError)
  http.listen(port, host, resolve)
  await promise
  http.off('error', onError)
  return urlOf(http.address() as AddressInfo)
}

function cannotListen(port: number, host: string, cause: Error): SyncError {
  const isTaken = 'code' in cause && cause.code === 'EADDRINUSE'
  const why = isTaken ? 'another program listens there' : cause.message
  return new SyncError('invalid_options', `Expected a free port to listen at, got ${host}:${port}: ${why}.`, {
    fix: 'Name another port or host, or end that program; the server is still open, so serve it again or close it.',
    cause,
  })
}

const urlOf = ({ address, family, port }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
