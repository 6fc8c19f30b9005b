import { withoutFences } from './markdown.ts'
import { isTest, packageOf, type Tree } from './tree.ts'

/** `**P3.** …`, `- **P3** …`, `### P3 …`: where a numbered rule begins. It ends at the next rule or heading. */
const RULE = /^(?:#{2,6}\s+|(?:[-*]\s+)?\*\*)([A-Z]{1,3}\d+[a-z]?)\b/
const HEADING = /^#{1,6}\s/
/** `**Test:** `clock.test.ts` "the title of the test"`, one or several. */
const NAMED_TEST = /`([^`]+\.test\.ts)`\s+"([^"]+)"/g

/** Numbered rules of the packages' SPEC.md that name no test, or one that is not there. */
export function untestedRules(tree: Tree): string[] {
  return tree.paths
    .filter((path) => /^packages\/[^/]+\/SPEC\.md$/.test(path))
    .flatMap((path) => {
      const rules = rulesOf(tree.read(path))
      return rules.length > 0
        ? rules.flatMap((rule) => complaints(tree, path, rule))
        : [`${path}: has no numbered rule (**P1.** …)`]
    })
}

interface Rule {
  readonly name: string
  readonly line: number
  readonly text: string
}

function rulesOf(text: string): Rule[] {
  const rules: Rule[] = []
  let open: { name: string; line: number; lines: string[] } | undefined
  const close = () => {
    if (open) rules.push({ name: open.name, line: open.line, text: open.lines.join(' ') })
    open = undefined
  }
  for (const [at, line] of withoutFences(text).split('\n').entries()) {
    const name = RULE.exec(line)?.[1]
    if (name !== undefined || HEADING.test(line)) close()
    if (name !== undefined) open = { name, line: at + 1, lines: [] }
    open?.lines.push(line.trim())
  }
  close()
  return rules
}

function complaints(tree: Tree, spec: string, rule: Rule): string[] {
  const at = `${spec}:${rule.line}: ${rule.name}`
  const [, named] = rule.text.split('**Test:**', 2)
  const tests = [...(named ?? '').matchAll(NAMED_TEST)]
  if (tests.length === 0) return [`${at} names no test (**Test:** \`file.test.ts\` "title")`]
  return tests.flatMap(([, file = '', title = '']) => {
    const found = tree.paths.filter(
      (path) => isTest(path) && packageOf(path) === packageOf(spec) && `/${path}`.endsWith(`/${file}`),
    )
    if (found.length === 0) return [`${at} names ${file}, which is not there`]
    return found.some((path) => holdsTitle(tree.read(path), title))
      ? []
      : [`${at} names "${title}", which is not in ${file}`]
  })
}

const holdsTitle = (text: string, title: string): boolean =>
  [`'${title.replaceAll("'", "\\'")}'`, `"${title}"`, `\`${title}\``].some((literal) => text.includes(literal))
