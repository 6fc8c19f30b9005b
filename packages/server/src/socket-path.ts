/** The path that sockets are opened at, and what the log calls it. */
export const SOCKET_PATH = '/v1/socket'
