export { type BrowserState, type BrowserStateOptions, type StorageEstimate, browserState } from './browser-state.ts'
