// Prints `passed failed skipped` of a vitest JSON report. A run that failed without a failed test (a file that does not load, an
// error outside of the tests) or in which nothing passed (no report at all) counts as one failure, so that it can never look green.
import { readFileSync } from 'node:fs'

const [file, status] = process.argv.slice(2)

function read() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
  }
}

const report = read()
const unloaded = report.testResults.filter((one) => one.status === 'failed' && one.assertionResults.length === 0).length
const failed = report.numFailedTests + unloaded
const skipped = report.numPendingTests + report.numTodoTests
console.log(
  report.numPassedTests,
  failed === 0 && (status !== '0' || report.numPassedTests === 0) ? 1 : failed,
  skipped,
)
