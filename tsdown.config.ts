import { defineConfig } from 'tsdown'

// Run inside each package. Dependencies stay imports; declarations are written file by file (isolatedDeclarations).
export default defineConfig({
  cwd: process.cwd(),
  entry: ['src/index.ts'],
  format: 'esm',
  platform: 'neutral',
  deps: { neverBundle: [/^node:/] },
  target: 'es2024',
  dts: true,
  sourcemap: true,
  fixedExtension: true,
  clean: true,
  tsconfig: './tsconfig.json',
})
