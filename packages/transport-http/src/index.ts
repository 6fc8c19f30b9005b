export { httpTransport } from './http-transport.ts'
export type { HttpTransportOptions } from './options.ts'
