import { expect, test } from 'vitest'
import { treeWith, workingTree, type Tree } from './tree.ts'

/** A host in the lockfile or in .npmrc would bind every clone to the registry of whoever wrote it. */
const namedHosts = (tree: Tree): string[] =>
  tree.paths
    .filter((path) => /(^|\/)(pnpm-lock\.yaml|\.npmrc|pnpm-workspace\.yaml)$/.test(path))
    .flatMap((path) =>
      tree
        .read(path)
        .split('\n')
        .flatMap((line, at) => (/https?:\/\/|^\s*registry\b/.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
    )

test('neither the lockfile nor a setting names a registry', () => {
  expect(namedHosts(workingTree())).toEqual([])
})

test('a registry is found', () => {
  expect(
    namedHosts(treeWith({ '.npmrc': 'registry=http://localhost', 'pnpm-lock.yaml': 'lockfileVersion: 9' })),
  ).toEqual(['.npmrc:1: registry=http://localhost'])
})
