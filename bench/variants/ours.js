'use strict';

const { Cluster, Redis } = require('ioredis');
const { keyOf, payloadOf } = require('../messages');
const { idempotency } = require('./built');
const { openEngine } = require('./engine');
const { MEMORY_ENTRIES } = require('./settings');

/**
 * This project's engine, without Nest around it.
 * @param {{ localMemory: boolean }} options
 * @returns {import('./index').OpenVariant}
 */
function openOurs({ localMemory }) {
  return async ({ redisUrl, ttlSeconds, work }) => {
    const redis = connectionTo(redisUrl);
    await redis.ping();
    const store = new idempotency.RedisIdempotencyStore(redis);
    const run = openEngine({
      store,
      ttlSeconds,
      work,
      ...(localMemory && { memoryEntries: MEMORY_ENTRIES }),
    });
    return {
      process: (message) => run(keyOf(message), payloadOf(message)),
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
