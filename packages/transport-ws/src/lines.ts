import { Line } from './line.ts'
import type { LineSettings } from './options.ts'
import type { OpenSocket } from './platform-socket.ts'

interface Shared {
  readonly open: OpenSocket
  readonly settings: LineSettings
  readonly line: Line
  users: number
}

/** All that are in use in this process. */
const lines = new Set<Shared>()

/** The line that everybody with the same settings shares, until each has given it back. */
export function borrowLine(
  open: OpenSocket,
  settings: LineSettings,
): { readonly line: Line; readonly giveBack: () => void } {
  const known = [...lines].find((one) => one.open === open && isSame(one.settings, settings))
  const shared = known ?? { open, settings, line: new Line(open, settings), users: 0 }
  lines.add(shared)
  shared.users++
  return {
    line: shared.line,
    giveBack: () => {
      if (--shared.users > 0) return
      lines.delete(shared)
      shared.line.close()
    },
  }
}

const isSame = (a: LineSettings, b: LineSettings): boolean =>
  (Object.keys(a) as (keyof LineSettings)[]).every((name) => a[name] === b[name])
