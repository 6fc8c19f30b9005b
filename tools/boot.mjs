// `node tools/boot.mjs <command> …` runs a command of this workspace on a machine that has only Node and npm: through the pinned
// pnpm, which installs what is missing first (verifyDepsBeforeRun). Under pnpm the command simply runs. Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { name, version } = manifest.devEngines.packageManager
const task = process.argv.slice(2)
// npm takes the `--` before a script's arguments away, pnpm hands it on.
const dashes = task.indexOf('--')
if (dashes !== -1) task.splice(dashes, 1)
const underPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/')
const [command, ...args] = underPnpm
  ? task
  : ['npx', '--yes', '--prefer-offline', `${name}@${version}`, 'exec', ...task]

const child = spawn(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
