'use strict';

const { Cluster, Redis } = require('ioredis');
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
    const redis = connectionTo(redisUrl);
    await redis.ping();
    const store = new RedisIdempotencyStore(redis);
    const memory = localMemory ? { localMemory: { maxEntries: MEMORY_ENTRIES, ttlSeconds } } : {};
    // A lease is not longer than the life of a record.
    const leaseMs = Math.min(LEASE_MS, ttlSeconds * 1_000);
    const options = { store, ttlSeconds, leaseMs, ...memory };
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

/** @param {string} redisUrl or the comma-separated ones of a Cluster's nodes */
function connectionTo(redisUrl) {
  const urls = redisUrl.split(',');
  return urls.length > 1
    ? new Cluster(urls, { redisOptions: serviceConnection })
    : new Redis(redisUrl, serviceConnection);
}

/** The service's own options that affect the speed; the service also does not queue commands while disconnected. */
const serviceConnection = {
  commandTimeout: 2_000,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
};

module.exports = { openOurs };
