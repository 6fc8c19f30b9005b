import { readFileSync } from 'node:fs'
import { type ResolutionKind, checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { filterProblems, problemKindInfo } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** What a package of ES modules alone has to get right: `require` of one gives CommonJS code types of ES modules by design. */
const RESOLUTIONS: readonly ResolutionKind[] = ['node16-esm', 'bundler']

/** What publint has to say of a tarball, suggestions too. */
export async function publintFindings(tarball: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: bytesOf(tarball).buffer }, strict: true })
  return messages.map(
    (message) => `${message.type}: ${formatMessage(message, pkg ?? {}, { color: false }) ?? message.code}`,
  )
}

/** Types that a consumer's compiler would not find, or would take for those of another kind of module. */
export async function wrongTypes(tarball: string): Promise<string[]> {
  const analysis = await checkPackage(createPackageFromTarballData(bytesOf(tarball)))
  if (analysis.types === false) return ['no types at all']
  const problems = RESOLUTIONS.flatMap((resolutionKind) => filterProblems(analysis, { resolutionKind }))
  return [...new Set(problems)].map(({ kind, ...where }) => `${problemKindInfo[kind].title}: ${JSON.stringify(where)}`)
}

const bytesOf = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(file))
