import type { AnyDocuments, Collection, DocumentMap, SyncEngine } from '@whisker/engine'
import {
  type FunctionComponentElement,
  type ProviderProps,
  type ReactNode,
  createContext,
  createElement,
  useContext,
} from 'react'

/** Of documents that only the app knows: what it says of them with each hook is believed. */
type AnyEngine = Pick<SyncEngine, keyof SyncEngine>

const EngineContext = createContext<AnyEngine | undefined>(undefined)

export interface SyncProviderProps {
  /** Undefined until it is open: everything is empty as long. */
  readonly engine: AnyEngine | undefined
  readonly children?: ReactNode
}

/** Hands an engine to the hooks of everything inside. It neither starts nor closes it: that is the app's. */
export const SyncProvider = ({
  engine,
  children,
}: SyncProviderProps): FunctionComponentElement<ProviderProps<AnyEngine | undefined>> =>
  createElement(EngineContext, { value: engine }, children)

/** The engine, to write with; undefined until it is open. Outside of a `SyncProvider` too. */
export const useSyncEngine = <M extends DocumentMap<M> = AnyDocuments>(): SyncEngine<M> | undefined =>
  useContext(EngineContext) as SyncEngine<M> | undefined

/** A collection of the engine; undefined until that is open. */
export const documentsOf = <T>(engine: SyncEngine | undefined, name: string): Collection<T> | undefined =>
  engine?.collection(name) as Collection<T> | undefined
