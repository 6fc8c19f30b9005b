import { basename } from 'node:path'
import { mintApiKey } from '@whisker/server/auth'

// node src/new-key.ts <principal>: a new API key, and what the file of WHISKER_API_KEYS is to hold of it.

const [, program = '', principal = '', ...more] = process.argv
if (principal.trim() === '' || principal.startsWith('-') || more.length > 0) {
  process.stderr.write(`Whose key? Name one principal, for example: node ${basename(program)} ada\n`)
  process.exit(2)
}
const { key, hash } = mintApiKey()
process.stdout.write(`${JSON.stringify({ principal, hash })}\n`)
process.stderr.write(`The key of ${principal}, which is shown this once and kept nowhere: ${key}\n`)
