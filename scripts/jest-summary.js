'use strict';

const { numberIn } = require('./json');

/**
 * The line that counts tests.
 * @param {string} results the output of Jest with --json
 */
function summaryOf(results) {
  /** @param {string} name */
  const count = (name) => numberIn(results, name);
  // A file that cannot be loaded has no failed tests, but it is a failure.
  const failed = count('numFailedTests') + count('numRuntimeErrorTestSuites');
  const skipped = count('numPendingTests') + count('numTodoTests');
  const line = `${count('numPassedTests')} passed, ${failed} failed`;
  return skipped > 0 ? `${line}, ${skipped} skipped` : line;
}

module.exports = { summaryOf };
