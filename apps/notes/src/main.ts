import { HELP, type Options, optionsIn } from './options.ts'
import { start } from './start.ts'

async function run(wanted: Options): Promise<void> {
  const running = await start(wanted)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void running.close())
  console.log(`Notes: ${running.pageUrl}   (the server: ${running.syncUrl})`)
  console.log('Open it in several tabs, and in another browser as ?name=Tablet. Ctrl-C ends both.')
}

/** What is wrong, and not where in the program it was noticed. */
function fail(thrown: unknown, exitCode: number): never {
  const { message, fix = 'See --help.' } = thrown as Error & { readonly fix?: string }
  console.error(`${message}\n${fix}`)
  process.exit(exitCode)
}

function ask(): Options | undefined {
  try {
    return optionsIn(process.argv.slice(2))
  } catch (thrown) {
    return fail(thrown, 2)
  }
}

const options = ask()
if (options) await run(options).catch((thrown: unknown) => fail(thrown, 1))
else console.log(HELP)
