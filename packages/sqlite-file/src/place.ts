import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { SyncError } from '@whisker/protocol'
import { failed } from './store-errors.ts'

/** No file: what is stored is gone with its connection. */
export const IN_MEMORY = ':memory:'

/** The absolute path of a file, or `:memory:`. Throws `invalid_options` for what is none; `example` is what to write instead. */
export function checkedPath(path: string, example: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new SyncError('invalid_options', `Expected the path of a file, got ${JSON.stringify(path)}.`, {
      fix: `Write ${example}.`,
    })
  }
  return path === IN_MEMORY ? path : resolve(path)
}

/** The one name of a file that several lead to, so that all of them meet at the same lock. */
export function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return join(realFolder(file), basename(file))
  }
}

function realFolder(file: string): string {
  try {
    return realpathSync(dirname(file))
  } catch (cause) {
    throw failed(file, 'its folder does not exist or cannot be read', {
      fix: `Make the folder ${dirname(file)} first.`,
      cause,
    })
  }
}
