import { type Write, compareWrites } from '../document-state.ts'
import { type JsonValue, isJsonObject } from '../json.ts'

/*
 * The fold as first modelled: no conflicts, no keep, the latest wins at every place. What it shows must be
 * what the product shows wherever no two concurrent writes meet.
 */

interface Node {
  writer: Write
  value: JsonValue
  fields: Map<string, Node> | undefined
}

const lift = (value: JsonValue, writer: Write): Node => ({
  writer,
  value,
  fields: isJsonObject(value)
    ? new Map(Object.entries(value).map(([key, item]): [string, Node] => [key, lift(item, writer)]))
    : undefined,
})

const saw = (later: Write, earlier: Write): boolean =>
  later === earlier ||
  later.base.some((dot) => dot.replica === earlier.dot.replica && dot.counter >= earlier.dot.counter)

function clear(node: Node | undefined, write: Write): Node | undefined {
  if (!node) return undefined
  if (!node.fields) return saw(write, node.writer) ? undefined : node
  for (const [key, field] of node.fields) if (!clear(field, write)) node.fields.delete(key)
  return node.fields.size > 0 || !saw(write, node.writer) ? node : undefined
}

function merge(a: Node | undefined, b: Node): Node {
  if (!a?.fields || !b.fields) return b
  for (const [key, field] of b.fields) a.fields.set(key, merge(a.fields.get(key), field))
  a.writer = b.writer
  return a
}

function put(node: Node | undefined, path: readonly string[], write: Write): Node | undefined {
  const [key, ...rest] = path
  if (key === undefined) {
    const left = clear(node, write)
    return write.value === undefined ? left : merge(left, lift(write.value, write))
  }
  const host: Node = node?.fields ? node : { writer: write, value: {}, fields: new Map() }
  const field = put(host.fields?.get(key), rest, write)
  if (field) host.fields?.set(key, field)
  else host.fields?.delete(key)
  return host
}

const lower = ({ fields, value }: Node): JsonValue =>
  fields ? Object.fromEntries<JsonValue>([...fields].map(([key, field]) => [key, lower(field)])) : value

/** What the writes of one root show. */
export function referenceFold(writes: readonly Write[]): JsonValue | undefined {
  const root = writes
    .toSorted(compareWrites)
    .reduce<Node | undefined>((node, write) => put(node, write.path, write), undefined)
  return root && lower(root)
}
