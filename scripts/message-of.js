'use strict';

/**
 * The text of whatever was thrown.
 * @param {unknown} error
 */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

module.exports = { messageOf };
