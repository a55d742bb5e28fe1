'use strict';

/**
 * The library as it is shipped: built, and through its public door.
 * @type {typeof import('../../src/idempotency')}
 */
const idempotency = require(require('node:path').resolve(__dirname, '../../dist/idempotency'));

module.exports = { idempotency };
