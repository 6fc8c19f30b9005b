// `node tools/boot.mjs <command> …` runs a command of this workspace on a machine that has only Node and npm: in the environment of
// the pinned pnpm, which installs what is missing first (verifyDepsBeforeRun). Under pnpm the command simply runs. It gets each
// signal that comes here, once, and this process ends as it does. Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'

/** npm passes on what the terminal has sent to both, and a server that is told twice to stop does not wait for what runs. */
const SAME_SIGNAL_MS = 500
/** What a program in `pnpm exec` writes down: where commands are, and that they run under pnpm. */
const TELL_ENVIRONMENT = `
  const told = Object.entries(process.env).filter(([name]) => /^(path$|node|p?npm_)/i.test(name))
  require('node:fs').writeFileSync(process.argv[1], JSON.stringify(Object.fromEntries(told)), { mode: 0o600 })`

const isWindows = process.platform === 'win32'
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const { name, version } = manifest.devEngines.packageManager
const inPnpm = ['npx', '--yes', '--prefer-offline', `${name}@${version}`, 'exec']
const underPnpm = (process.env.npm_config_user_agent ?? '').startsWith('pnpm/')
const task = process.argv.slice(2)
// npm takes the `--` before a script's arguments away, pnpm hands it on.
const dashes = task.indexOf('--')
if (dashes !== -1) task.splice(dashes, 1)

/** What runs now: the command, or pnpm before it. */
let running
let last = { signal: '', atMs: 0 }
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
  process.on(signal, () => {
    const atMs = performance.now()
    const isNew = signal !== last.signal || atMs - last.atMs > SAME_SIGNAL_MS
    last = { signal, atMs }
    if (isNew) pass(signal)
  })
}
if (!isWindows) {
  for (const signal of ['SIGCONT', 'SIGWINCH']) process.on(signal, () => pass(signal))
  process.on('SIGTSTP', () => {
    pass('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
}

if (task.length === 0) {
  console.error('Name a command to run: node tools/boot.mjs <command> …')
  process.exit(2)
}
if (underPnpm) process.exitCode = await run(task)
else if (isWindows) process.exitCode = await run([...inPnpm, ...task])
else process.exitCode = await runAfterPnpm()

/** npx and pnpm are gone when the command starts: they would end before it at some signals, and send it others a second time. */
async function runAfterPnpm() {
  const folder = mkdtempSync(join(tmpdir(), 'whisker-boot-'))
  try {
    const file = join(folder, 'environment.json')
    const code = await run([...inPnpm, 'node', '-e', TELL_ENVIRONMENT, file])
    if (last.signal !== '') return 128 + constants.signals[last.signal]
    if (code !== 0) return code
    Object.assign(process.env, JSON.parse(readFileSync(file, 'utf8')))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return run(task)
}

/** Resolves to the exit code; a command that a signal ends has the one that a shell gives it. */
function run([command, ...args]) {
  return new Promise((resolve) => {
    // In a group of its own, so that a signal reaches all of it, and what the terminal sends comes by here alone.
    running = spawn(command, args, { stdio: 'inherit', shell: isWindows, detached: !isWindows })
    running.on('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    running.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

function pass(signal) {
  try {
    if (isWindows) running.kill(signal)
    else process.kill(-running.pid, signal)
  } catch {
    // It is over already.
  }
}
