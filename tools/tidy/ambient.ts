import { Visitor } from 'oxc-parser'
import { lineAt, parse } from './parse.ts'
import { isCode, isTest, type Tree } from './tree.ts'

export interface Ambient {
  readonly packages: readonly string[]
  /** Path → why it may. */
  readonly allowed: Readonly<Record<string, string>>
}

const FUNCTIONS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'requestIdleCallback'])
const MEMBERS = new Set([
  'Date.now',
  'performance.now',
  'Math.random',
  'crypto.getRandomValues',
  'crypto.randomUUID',
  ...[...FUNCTIONS].map((name) => `globalThis.${name}`),
])

/** Time and chance that a source takes from the air, where they should be passed in. */
export function ambientUses(tree: Tree, ambient: Ambient): string[] {
  return tree.paths
    .filter((path) => isCode(path) && !isTest(path) && !Object.hasOwn(ambient.allowed, path))
    .filter((path) => ambient.packages.some((name) => path.startsWith(`packages/${name}/src/`)))
    .flatMap((path) => usesIn(path, tree.read(path)))
}

function usesIn(path: string, text: string): string[] {
  const uses: string[] = []
  const report = (what: string, node: { start: number }) => uses.push(`${path}:${lineAt(text, node.start)}: ${what}`)
  new Visitor({
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && FUNCTIONS.has(node.callee.name)) report(node.callee.name, node)
    },
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) {
        report('new Date()', node)
      }
    },
    MemberExpression(node) {
      const name = `${lastName(node.object)}.${lastName(node.property)}`
      if (MEMBERS.has(name)) report(name, node)
    },
  }).visit(parse(path, text).program)
  return uses
}

/** `crypto` of both `crypto` and `globalThis.crypto`. */
function lastName(node: { type: string; name?: unknown; property?: unknown; value?: unknown }): string {
  if (node.type === 'Identifier') return String(node.name)
  if (node.type === 'Literal') return String(node.value)
  if (node.type === 'MemberExpression') return lastName(node.property as { type: string })
  return ''
}
