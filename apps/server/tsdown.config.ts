import { type UserConfig, defineConfig } from 'tsdown'

/** One file with everything in it: an image needs Node and this. */
const alone = (entry: string): UserConfig => ({
  entry,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  deps: { alwaysBundle: [/./], onlyBundle: false },
  dts: false,
  clean: false,
})

export default defineConfig([alone('src/main.ts'), alone('src/new-key.ts')])
