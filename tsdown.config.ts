import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'tsdown'

// Run inside each package. Dependencies stay imports; declarations are written file by file (isolatedDeclarations).
export default defineConfig({
  cwd: process.cwd(),
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  deps: { neverBundle: [/^node:/] },
  target: 'es2024',
  // What is imported and not used is no import of the result: neither of its code nor of its types.
  treeshake: { moduleSideEffects: 'no-external' },
  dts: true,
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

/** Declarations have no map, yet the bundler ends them with the name of one; and they are to compile with an older `lib` too. */
function finish(file: string): void {
  const text = readFileSync(file, 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  const usesDispose = /\bSymbol\.(?:asyncD|d)ispose\b/.test(text)
  writeFileSync(file, `${usesDispose ? '/// <reference lib="esnext.disposable" />\n' : ''}${text}`)
}
