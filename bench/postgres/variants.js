'use strict';

/** @typedef {import('../messages').Payload} Payload */

/**
 * @typedef {object} VariantOptions
 * @property {string} databaseUrl of an empty database
 * @property {(payload: Payload) => Promise<{ paymentId: string, status: string }>} work
 */

/**
 * Creates the tables of one implementation of deduplication, and returns what does the work for a key.
 * @typedef {(options: VariantOptions) => Promise<(key: string, payload: Payload) => Promise<'done' | 'in-progress'>>} OpenVariant
 */

/**
 * The variants by their names in the table. Each loads its own packages only.
 * @type {Record<string, OpenVariant>}
 */
const variants = {
  ours: (options) => {
    const { openOurs } = require('./ours');
    return openOurs(options);
  },
  'hand-written': (options) => {
    const { openHandWritten } = require('./hand-written');
    return openHandWritten(options);
  },
  dbos: (options) => {
    const { openDbos } = require('./dbos');
    return openDbos(options);
  },
};

module.exports = { variants };
