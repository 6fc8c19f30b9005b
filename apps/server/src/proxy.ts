import type { UpgradeRequest } from '@whisker/server'

/** The address that the proxy itself saw: the last in `X-Forwarded-For`, for what stands before it anybody can write. */
export function lastForwarded({ headers }: UpgradeRequest): string | undefined {
  const given = headers['x-forwarded-for'] ?? ''
  const last = (typeof given === 'string' ? given : given.join(',')).split(',').at(-1)?.trim()
  return last === '' ? undefined : last
}
