import { join } from 'node:path'
import { parseArgs } from 'node:util'

export const HELP = `Notes in the browser, and the server that they sync through.

  node apps/notes/src/main.ts [options]

  --page <port>   where the page is (5173); 0 for any that is free
  --sync <port>   where the server is (8787); 0 for any that is free
  --file <path>   the server's database (notes.db, beside this app)
  --help          this text
`

export interface Options {
  readonly pagePort: number
  readonly syncPort: number
  /** The server's database. */
  readonly file: string
}

/** What to do; undefined if help is asked for. Throws what is wrong with the arguments. */
export function optionsIn(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      page: { type: 'string', default: '5173' },
      sync: { type: 'string', default: '8787' },
      file: { type: 'string', default: join(import.meta.dirname, '../notes.db') },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return { pagePort: portOf('page', values.page), syncPort: portOf('sync', values.sync), file: values.file }
}

function portOf(option: string, text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65_536) return port
  throw new Error(`Expected --${option} to be a port, a number from 0 to 65535; it is "${text}".`)
}
