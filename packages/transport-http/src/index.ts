export { httpTransport } from './http-transport.ts'
export type { HttpTransportOptions, TokenSource } from './options.ts'
