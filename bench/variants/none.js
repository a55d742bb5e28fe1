'use strict';

const { payloadOf } = require('../messages');

/**
 * A consumer that does the work for each delivery, even for duplicates.
 * @type {import('./index').OpenVariant}
 */
async function openNone({ work }) {
  return {
    process: async (message) => {
      await work(payloadOf(message));
      return 'done';
    },
    close: async () => undefined,
  };
}

module.exports = { openNone };
