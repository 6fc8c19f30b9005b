import type { JsonObject, JsonValue } from '@whisker/protocol'

type Primitive = string | number | boolean | null | undefined
/** Things that TypeScript takes for objects and JSON cannot carry. */
type Exotic =
  | Date
  | RegExp
  | Error
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | (WeakKey & symbol)
  | ArrayBufferLike
  | ArrayBufferView
  | ((...parameters: never) => unknown)
  | (abstract new (...parameters: never) => unknown)

/** `T` if JSON can carry it, with `never` in place of each part that it cannot. An `interface` is welcome. */
export type Plain<T> = T extends JsonValue | undefined
  ? T
  : T extends Exotic | bigint | symbol
    ? never
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : T

/** What maps the names of an app's collections to the types of their documents. */
export type DocumentMap<M> = { [C in keyof M]: Plain<M[C]> & object }

/** The map of an app that does not type its documents. */
export type AnyDocuments = Record<string, JsonObject>

/** Whether a type is JSON of no particular shape, which the types below would unfold without end. */
type IsLoose<T> = T extends object ? (string extends keyof T ? true : false) : false

export type DeepReadonly<T> = T extends Primitive
  ? T
  : IsLoose<T> extends true
    ? Readonly<T>
    : T extends readonly (infer Item)[]
      ? readonly DeepReadonly<Item>[]
      : { readonly [K in keyof T]: DeepReadonly<T[K]> }

type MutableJson = string | number | boolean | null | MutableJson[] | MutableJsonObject
interface MutableJsonObject {
  [key: string]: MutableJson | undefined
}

export type DeepMutable<T> = T extends Primitive
  ? T
  : IsLoose<T> extends true
    ? MutableJsonObject
    : T extends readonly (infer Item)[]
      ? DeepMutable<Item>[]
      : { -readonly [K in keyof T]: DeepMutable<T[K]> }

interface LoosePatch {
  readonly [key: string]: JsonValue | LoosePatch | undefined
}

/** Some fields of a document, as deep as one likes; `undefined` removes an optional field; an array is replaced whole. */
export type Patch<T> =
  IsLoose<T> extends true
    ? LoosePatch
    : {
        readonly [K in keyof T]?:
          | (T[K] extends Primitive | readonly unknown[] ? DeepReadonly<T[K]> : Patch<T[K]>)
          | ({} extends Pick<T, K> ? undefined : never)
      }
