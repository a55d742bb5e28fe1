'use strict';

const { openNodeIdempotency } = require('./node-idempotency');
const { openNone } = require('./none');
const { openOurs } = require('./ours');
const { openPowertools } = require('./powertools');
const { openTutorial } = require('./tutorial');

/** @typedef {import('../messages').Payload} Payload */

/**
 * Does a consumer's work with one implementation of deduplication. `in-progress`: another delivery of the key is being
 * processed, so this one is requeued.
 * @typedef {object} Variant
 * @property {(message: import('amqplib').ConsumeMessage) => Promise<'done' | 'in-progress'>} process
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} VariantOptions
 * @property {string} redisUrl
 * @property {number} [ttlSeconds]
 * @property {(payload: Payload) => Promise<{ paymentId: string, status: string }>} work
 */

/** @typedef {(options: VariantOptions) => Promise<Variant>} OpenVariant */

/**
 * The variants of the amqplib consumer, by their names in the table.
 * @type {Record<string, OpenVariant>}
 */
const variants = {
  none: openNone,
  ours: openOurs({ localMemory: false }),
  'ours with local memory': openOurs({ localMemory: true }),
  'node-idempotency': openNodeIdempotency,
  powertools: openPowertools,
  tutorial: openTutorial,
};

module.exports = { variants };
