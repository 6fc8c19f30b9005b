import type { AnyDocuments, Collection, DocumentMap, SyncEngine } from '@whisker/engine'
import { SyncError } from '@whisker/protocol'
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

/** What is found outside of every provider. */
const NO_PROVIDER: unique symbol = Symbol('no SyncProvider')

type Provided = AnyEngine | undefined | typeof NO_PROVIDER

const EngineContext = createContext<Provided>(NO_PROVIDER)

export interface SyncProviderProps {
  /** Undefined until it is open: everything is empty as long. */
  readonly engine: AnyEngine | undefined
  readonly children?: ReactNode
}

/** Hands an engine to the hooks of everything inside. It neither starts nor closes it: that is the app's. */
export const SyncProvider = ({
  engine,
  children,
}: SyncProviderProps): FunctionComponentElement<ProviderProps<Provided>> =>
  createElement(EngineContext.Provider, { value: engine }, children)

/** The engine, to write with; undefined until it is open. Throws `invalid_options` outside of a `SyncProvider`. */
export function useSyncEngine<M extends DocumentMap<M> = AnyDocuments>(): SyncEngine<M> | undefined {
  const engine = useContext(EngineContext)
  if (engine !== NO_PROVIDER) return engine as SyncEngine<M> | undefined
  throw new SyncError('invalid_options', 'A hook of @whisker/react was used outside of a SyncProvider.', {
    fix: 'Put the component inside of <SyncProvider engine={engine}>, where the engine is undefined until it is open; and see that @whisker/react is there once.',
  })
}

/** A collection of the engine; undefined until that is open. */
export const documentsOf = <T>(engine: SyncEngine | undefined, name: string): Collection<T> | undefined =>
  engine?.collection(name) as Collection<T> | undefined
