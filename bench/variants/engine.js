'use strict';

const { idempotency } = require('./built');
const { LEASE_MS, SCOPE, TTL_SECONDS } = require('./settings');

/** @typedef {import('../messages').Payload} Payload */

/**
 * This project's engine on a store, without Nest around it.
 * @param {object} options
 * @param {import('nestjs-idempotent').IdempotencyStore} options.store
 * @param {number} [options.ttlSeconds]
 * @param {number} [options.memoryEntries] of the local memory; default: none
 * @param {(payload: Payload) => Promise<{ paymentId: string, status: string }>} options.work
 * @returns {(key: string, payload: Payload) => Promise<'done' | 'in-progress'>}
 */
function openEngine({ store, ttlSeconds = TTL_SECONDS, memoryEntries, work }) {
  const memory =
    memoryEntries === undefined ? {} : { localMemory: { maxEntries: memoryEntries, ttlSeconds } };
  // A lease is not longer than the life of a record.
  const leaseMs = Math.min(LEASE_MS, ttlSeconds * 1_000);
  const options = { store, ttlSeconds, leaseMs, ...memory };
  const service = new idempotency.IdempotencyService(store, options, new idempotency.IdempotencyEvents());
  return async (key, payload) => {
    const outcome = await service.run(key, () => work(payload), { scope: SCOPE, payload });
    if (outcome.kind !== 'failed') return 'done';
    if (outcome.code === 'in-progress') return 'in-progress';
    throw new Error(`a message of the benchmark was not processed: ${outcome.code}`);
  };
}

module.exports = { openEngine };
