'use strict';

const { Redis } = require('ioredis');
const { keyOf, payloadOf } = require('../messages');
const { idempotency } = require('./built');
const { LEASE_MS, MEMORY_ENTRIES, SCOPE, TTL_SECONDS } = require('./settings');

/**
 * This project's engine, without Nest around it.
 * @param {{ localMemory: boolean }} options
 * @returns {import('./index').OpenVariant}
 */
function openOurs({ localMemory }) {
  const { IdempotencyEvents, IdempotencyService, RedisIdempotencyStore } = idempotency;
  return async ({ redisUrl, ttlSeconds = TTL_SECONDS, work }) => {
    const redis = new Redis(redisUrl, serviceConnection);
    await redis.ping();
    const store = new RedisIdempotencyStore(redis);
    const memory = localMemory ? { localMemory: { maxEntries: MEMORY_ENTRIES, ttlSeconds } } : {};
    const options = { store, ttlSeconds, leaseMs: LEASE_MS, ...memory };
    const service = new IdempotencyService(store, options, new IdempotencyEvents());
    return {
      process: async (message) => {
        const payload = payloadOf(message);
        const outcome = await service.run(keyOf(message), () => work(payload), { scope: SCOPE, payload });
        if (outcome.kind !== 'failed') return 'done';
        if (outcome.code === 'in-progress') return 'in-progress';
        throw new Error(`a message of the benchmark was not processed: ${outcome.code}`);
      },
      close: async () => redis.disconnect(),
    };
  };
}

/** The service's own options that affect the speed; the service also does not queue commands while disconnected. */
const serviceConnection = {
  commandTimeout: 2_000,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
};

module.exports = { openOurs };
