'use strict';

const {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  makeIdempotent,
} = require('@aws-lambda-powertools/idempotency');
const { CachePersistenceLayer } = require('@aws-lambda-powertools/idempotency/cache');
const { createClient } = require('redis');
const { keyOf, payloadOf } = require('../messages');
const { LEASE_MS, TTL_SECONDS } = require('./settings');

/** @typedef {{ idempotencyKey: string, payload: import('../messages').Payload }} Request */

/**
 * AWS Powertools' idempotency with its cache persistence and its defaults, which do not compare payloads.
 * @type {import('./index').OpenVariant}
 */
async function openPowertools({ redisUrl, ttlSeconds = TTL_SECONDS, work }) {
  const client = createClient({ url: redisUrl });
  await client.connect();
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'idempotencyKey',
    expiresAfterSeconds: ttlSeconds,
  });
  // Without it, each message causes a warning on the console. It is the only part of a Lambda context that is read.
  Object.assign(config, { lambdaContext: { getRemainingTimeInMillis: () => LEASE_MS } });
  const process = makeIdempotent((/** @type {Request} */ { payload }) => work(payload), {
    persistenceStore: new CachePersistenceLayer({ client }),
    config,
    keyPrefix: 'payments',
  });
  return {
    process: async (message) => {
      try {
        await process({ idempotencyKey: keyOf(message), payload: payloadOf(message) });
        return 'done';
      } catch (error) {
        if (error instanceof IdempotencyAlreadyInProgressError) return 'in-progress';
        throw error;
      }
    },
    close: async () => client.destroy(),
  };
}

module.exports = { openPowertools };
