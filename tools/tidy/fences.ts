import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { blocksOf } from './markdown.ts'
import { packagesOf, ROOT, type Tree } from './tree.ts'

/**
 * The ```ts blocks of a README as modules. A comment right before a block, `<!-- ts: declare const url: string -->`, declares the
 * names that the block leaves free. Lines stay where they are in the README, so that an error points there.
 */
export function fencesOf(readme: string): { readonly line: number; readonly code: string }[] {
  const lines = readme.split('\n')
  return blocksOf(readme)
    .filter((block) => ['ts', 'typescript'].includes(block.language))
    .map(({ from, to }) => {
      const before = lines.slice(0, from).join('\n')
      const comment = /<!-- ts:((?:(?!-->)[^])*)-->(?=\s*$)/.exec(before)
      const start = comment?.index ?? before.length
      const prelude =
        blank(before.slice(0, start)) + (comment?.[1] ?? '') + blank(before.slice(start + (comment?.[0].length ?? 0)))
      return { line: from + 2, code: [prelude, '', ...lines.slice(from + 1, to), 'export {}', ''].join('\n') }
    })
}

const blank = (text: string): string => text.replace(/[^\n]/g, '')

/** What the compiler says about the ```ts blocks of all READMEs; each is read as if it stood in its README's own package. */
export async function wrongFences(tree: Tree): Promise<string[]> {
  const folders: string[] = []
  try {
    const files = tree.paths
      .filter((path) => basename(path) === 'README.md')
      .flatMap((readme) => {
        const fences = fencesOf(tree.read(readme))
        if (fences.length === 0) return []
        const home = join(ROOT, dirname(readme))
        mkdirSync(home, { recursive: true })
        const folder = mkdtempSync(join(home, '.fences-'))
        folders.push(folder)
        return fences.map(({ line, code }) => {
          const file = join(folder, `line-${line}.ts`)
          writeFileSync(file, code)
          return { file, readme }
        })
      })
    if (files.length === 0) return []
    const config = join(folders[0] ?? '', 'tsconfig.json')
    writeFileSync(
      config,
      JSON.stringify(
        configFor(
          tree,
          files.map((one) => one.file),
        ),
      ),
    )
    const output = await compile(config)
    return output.flatMap((line) => {
      const from = files.find(({ file }) => line.startsWith(relative(ROOT, file)))
      if (from) return [line.replace(relative(ROOT, from.file), from.readme)]
      // A fault in the sources themselves is for the packages' own check of types.
      return /^(packages|apps)\//.test(line) ? [] : [line]
    })
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** Every package of ours can be named in every README, whatever it depends on. */
function configFor(tree: Tree, files: readonly string[]): object {
  const ours = packagesOf(tree).filter((folder) => tree.has(`${folder}/src/index.ts`))
  return {
    extends: join(ROOT, 'tsconfig.base.json'),
    compilerOptions: {
      lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      noUnusedLocals: false,
      noUnusedParameters: false,
      isolatedDeclarations: false,
      declaration: false,
      paths: Object.fromEntries(
        ours.map((folder) => [`@whisker/${basename(folder)}`, [join(ROOT, folder, 'src/index.ts')]]),
      ),
    },
    files,
  }
}

function compile(config: string): Promise<string[]> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: ROOT }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
      resolve(error && lines.length === 0 ? [error.message] : lines)
    })
  })
}
