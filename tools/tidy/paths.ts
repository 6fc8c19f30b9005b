import { posix } from 'node:path'
import { withoutFences } from './markdown.ts'
import { lineAt } from './parse.ts'
import type { Tree } from './tree.ts'

const LINK = /\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g
const CODE_SPAN = /`([^`\n]+)`/g
const FROM_THE_ROOT = /^(packages|apps|tools|docs|bench|\.ci|\.changeset)\//
const A_FILE = /^[\w.@*-]+(\/[\w.@*-]+)+\.(ts|tsx|mts|mjs|js|json|jsonl|md|yaml|yml|html|css|sh|sql)$/
const GENERATED = /(^|\/)(dist|node_modules|coverage)(\/|$)/

/** Links and code spans of the Markdown files that name a file which is not there. What was released is history. */
export function missingPaths(tree: Tree): string[] {
  return tree.paths
    .filter((path) => path.endsWith('.md') && posix.basename(path) !== 'CHANGELOG.md')
    .flatMap((path) => {
      const text = withoutFences(tree.read(path))
      const links = [...text.matchAll(LINK)].filter((one) => !/^(\w+:|#|\/\/)/.test(one[1] ?? ''))
      const spans = [...text.matchAll(CODE_SPAN)].filter((one) => looksLikePath(one[1] ?? ''))
      return [
        ...links.filter((one) => !exists(tree, path, (one[1] ?? '').replace(/[#?].*$/, ''))),
        ...spans.filter((one) => !exists(tree, path, one[1] ?? '') && !exists(tree, '', one[1] ?? '')),
      ].map((one) => `${path}:${lineAt(text, one.index)}: ${one[1]} does not exist`)
    })
}

const looksLikePath = (span: string): boolean =>
  /^[\w./@*-]+$/.test(span) &&
  !span.startsWith('@') &&
  !GENERATED.test(span) &&
  (FROM_THE_ROOT.test(span) || A_FILE.test(span) || /^\.{1,2}\/[\w.-]/.test(span))

function exists(tree: Tree, from: string, target: string): boolean {
  const path = posix.normalize(posix.join(posix.dirname(from), target)).replace(/\/$/, '')
  if (path === '.' || tree.has(path)) return true
  if (!path.includes('*')) return false
  const pattern = new RegExp(`^${path.split('*').map(escaped).join('[^/]*')}(/|$)`)
  return tree.paths.some((one) => pattern.test(one))
}

const escaped = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
