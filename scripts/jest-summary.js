'use strict';

const { numberIn } = require('./json');

/**
 * The line that counts tests.
 * @param {string} results what Jest writes with --json
 */
function summaryOf(results) {
  /** @param {string} name */
  const count = (name) => numberIn(results, name);
  // A file that cannot even be loaded has no tests that could fail, but it is a failure.
  const failed = count('numFailedTests') + count('numRuntimeErrorTestSuites');
  const skipped = count('numPendingTests') + count('numTodoTests');
  const line = `${count('numPassedTests')} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

module.exports = { summaryOf };
