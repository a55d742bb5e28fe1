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
 * The variants of the amqplib consumer, by their names in the table. Consumers usually acknowledge each message by itself;
 * `together`: those that are done in one turn of the event loop with one acknowledgement.
 * @type {Record<string, { open: OpenVariant, acknowledges: 'singly' | 'together' }>}
 */
const variants = {
  none: { open: openNone, acknowledges: 'singly' },
  'none, acknowledging together': { open: openNone, acknowledges: 'together' },
  ours: { open: openOurs({ localMemory: false }), acknowledges: 'together' },
  'ours with local memory': { open: openOurs({ localMemory: true }), acknowledges: 'together' },
  'node-idempotency': { open: openNodeIdempotency, acknowledges: 'singly' },
  powertools: { open: openPowertools, acknowledges: 'singly' },
  tutorial: { open: openTutorial, acknowledges: 'singly' },
};

module.exports = { variants };
