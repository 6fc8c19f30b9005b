export { sqliteState } from './sqlite-state.ts'
