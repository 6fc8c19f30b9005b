/** What the server answers a request with, as over HTTP. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/** Whether it tells something of the space. Any other refuses, or fails. */
export const isTelling = ({ status }: Answer): boolean => status === 200 || status === 409
