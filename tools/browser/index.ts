export { type Browser, findBrowser } from './find-browser.ts'
export { type ServedPage, servePage } from './serve-page.ts'
