'use strict';

const { Idempotency, IdempotencyError, IdempotencyErrorCodes } = require('@node-idempotency/core');
const { RedisStorageAdapter } = require('@node-idempotency/storage-adapter-redis');
const { keyOf, payloadOf } = require('../messages');
const { TTL_SECONDS } = require('./settings');

/**
 * `@node-idempotency/core` with its Redis adapter, called as its own NestJS interceptor calls it.
 * @type {import('./index').OpenVariant}
 */
async function openNodeIdempotency({ redisUrl, ttlSeconds = TTL_SECONDS, work }) {
  const storage = new RedisStorageAdapter({ url: redisUrl });
  await storage.connect();
  const idempotency = new Idempotency(storage, { cacheTTLMS: ttlSeconds * 1000 });
  return {
    process: async (message) => {
      const body = payloadOf(message);
      const request = {
        headers: { 'idempotency-key': keyOf(message) },
        path: '/payments',
        method: 'POST',
        body,
      };
      try {
        if (await idempotency.onRequest(request)) return 'done';
      } catch (error) {
        if (isInProgress(error)) return 'in-progress';
        throw error;
      }
      await idempotency.onResponse(request, { body: await work(body) });
      return 'done';
    },
    close: () => storage.disconnect(),
  };
}

/** @param {unknown} error */
function isInProgress(error) {
  return error instanceof IdempotencyError && error.code === IdempotencyErrorCodes.REQUEST_IN_PROGRESS;
}

module.exports = { openNodeIdempotency };
