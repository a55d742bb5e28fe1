'use strict';

/**
 * The library as it is shipped: the build, through its public exports.
 * @type {typeof import('../../src/idempotency')}
 */
const idempotency = require(require('node:path').resolve(__dirname, '../../dist/idempotency'));

module.exports = { idempotency };
