// `npm run demo` and `npm test` work on a machine that has only Node and npm: they re-run the task through the pinned pnpm,
// which installs what is missing first (verifyDepsBeforeRun). Under pnpm the task simply runs. Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { name, version } = manifest.devEngines.packageManager
const [script, ...rest] = process.argv.slice(2)
// npm takes the `--` before a script's arguments away, pnpm hands it on.
const task = ['run', script, ...(rest[0] === '--' ? rest.slice(1) : rest)]
const underPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/')
const [command, args] = underPnpm
  ? ['pnpm', task]
  : ['npx', ['--yes', '--prefer-offline', `${name}@${version}`, ...task]]

const child = spawn(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
