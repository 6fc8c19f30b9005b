import { execFile } from 'node:child_process'

/** What a command writes to its standard output. One that fails rejects with everything that it wrote. */
export function run(command: string, args: readonly string[], { cwd }: { readonly cwd: string }): Promise<string> {
  const shell = process.platform === 'win32'
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, shell, maxBuffer: 64 * 2 ** 20 }, (error, stdout) => {
      // The message holds the command and its standard error.
      if (error) reject(new Error(`${error.message}\n${stdout}`.trim()))
      else resolve(stdout)
    })
  })
}
