import { isBuiltin } from 'node:module'
import { importsOf, resolveFrom } from './parse.ts'
import { isCode, isTest, packageOf, packagesOf, type Tree } from './tree.ts'

export interface Layer {
  readonly layer: number
  readonly imports: readonly string[]
  readonly npm: readonly string[] | boolean
}
export interface Layers {
  readonly packages: Readonly<Record<string, Layer>>
  /** What they may import besides the packages. */
  readonly apps: { readonly layer: number; readonly imports: readonly string[]; readonly npm: boolean }
}

interface Manifest {
  readonly name?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const SCOPE = '@whisker/'

/** Packages import each other by name, downwards only, as the table allows, and declare what they import. */
export function forbiddenImports(tree: Tree, layers: Layers): string[] {
  return packagesOf(tree).flatMap((folder) => {
    const layer = layerOf(folder, layers)
    if (!layer) return [`${folder}: has no line in tools/tidy/layers.json`]
    if (!tree.has(`${folder}/package.json`)) return [`${folder}: has no package.json`]
    const manifest = JSON.parse(tree.read(`${folder}/package.json`)) as Manifest
    const runtime = { ...manifest.dependencies, ...manifest.peerDependencies }
    const declared = Object.keys(runtime)
      .map((name) => complaintAbout(name, layer))
      .filter((complaint) => complaint !== undefined)
      .map((complaint) => `${folder}/package.json: ${complaint}`)
    const files = tree.paths.filter((path) => packageOf(path) === folder && isCode(path))
    return [...declared, ...files.flatMap((path) => inFile(tree, path, folder, layer, manifest))]
  })
}

/** The table itself: whoever is imported stands lower. */
export const risingLayers = (layers: Layers): string[] =>
  Object.entries(layers.packages).flatMap(([name, { layer, imports }]) =>
    imports
      .filter((other) => (layers.packages[other]?.layer ?? Infinity) >= layer)
      .map((other) => `${name}: ${other} is not in a lower layer`),
  )

function inFile(tree: Tree, path: string, folder: string, layer: Layer, manifest: Manifest): string[] {
  const test = isTest(path)
  const isForDevelopment = test || /^[^/]+\/[^/]+\/[^/]+\.config\.ts$/.test(path)
  const forDevelopment = isForDevelopment ? manifest.devDependencies : {}
  const allowed = { ...manifest.dependencies, ...manifest.peerDependencies, ...forDevelopment }
  return importsOf(path, tree.read(path)).flatMap(({ specifier, line }) => {
    const complaint = (): string | undefined => {
      if (specifier.startsWith('.')) {
        const target = resolveFrom(path, specifier)
        if (packageOf(target) !== folder) return `${specifier} leaves the package; import by package name`
        return !test && isTest(target) ? `${specifier} is for tests only` : undefined
      }
      if (isBuiltin(specifier))
        return specifier.startsWith('node:') ? undefined : `${specifier} is written node:${specifier}`
      const name = packageName(specifier)
      if (name === manifest.name) return test ? undefined : `${specifier} is this package; import the file`
      if (!Object.hasOwn(allowed, name)) return `${name} is not declared in ${folder}/package.json`
      return test ? undefined : complaintAbout(name, layer)
    }
    const text = complaint()
    return text === undefined ? [] : [`${path}:${line}: ${text}`]
  })
}

function complaintAbout(name: string, layer: Layer): string | undefined {
  if (name.startsWith(SCOPE)) {
    return layer.imports.includes(name.slice(SCOPE.length)) ? undefined : `${name} is not for this layer`
  }
  if (layer.npm === true || (layer.npm !== false && layer.npm.includes(name))) return undefined
  return `${name} is not among the npm packages this package may use`
}

function layerOf(folder: string, layers: Layers): Layer | undefined {
  const [kind, name = ''] = folder.split('/')
  if (kind === 'packages') return layers.packages[name]
  const { apps, packages } = layers
  return { ...apps, imports: [...Object.keys(packages), ...apps.imports] }
}

const packageName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
