import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defineConfig } from 'tsdown'

const entries = entriesOf(process.cwd())

// Run inside each package. Dependencies stay imports; declarations are written file by file (isolatedDeclarations).
export default defineConfig({
  cwd: process.cwd(),
  entry: entries,
  format: 'esm',
  platform: 'neutral',
  deps: { neverBundle: [/^node:/] },
  target: 'es2024',
  // What is imported and not used is no import of the result: neither of its code nor of its types.
  treeshake: { moduleSideEffects: 'no-external' },
  // Of an entry for one platform alone the types are those of the others.
  dts: { entry: Object.entries(entries).flatMap(([name, file]) => (name === 'node' ? [] : [file.slice(2)])) },
  sourcemap: true,
  fixedExtension: true,
  clean: true,
  tsconfig: './tsconfig.json',
  hooks: {
    'build:done': ({ chunks }) => {
      for (const { fileName, outDir } of chunks) if (fileName.endsWith('.d.mts')) finish(join(outDir, fileName))
    },
  },
})

/** What a package exports while it is developed, by the names of the files that it is published as. */
function entriesOf(folder: string): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { exports: Exports }
  const under = (name: string, target: Exports | string): [string, string][] =>
    typeof target === 'string'
      ? [[name, target]]
      : Object.entries(target).flatMap(([key, value]) =>
          under(key === 'default' || key === '.' ? name : basename(key), value),
        )
  return Object.fromEntries(under('index', exports))
}

interface Exports {
  readonly [key: string]: Exports | string
}

/** Declarations have no map, yet the bundler ends them with the name of one; and they are to compile with an older `lib` too. */
function finish(file: string): void {
  const text = readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  const usesDispose = /\bSymbol\.(?:asyncD|d)ispose\b/.test(text)
  writeFileSync(file, `${usesDispose ? '/// <reference lib="esnext.disposable" />\n' : ''}${text}`)
}
