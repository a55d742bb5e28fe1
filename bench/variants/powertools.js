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
 * AWS Powertools' idempotency with its cache persistence, by its defaults: it does not compare payloads then.
 * @type {import('./index').OpenVariant}
 */
async function openPowertools({ redisUrl, ttlSeconds = TTL_SECONDS, work }) {
  const client = createClient({ url: redisUrl });
  await client.connect();
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'idempotencyKey',
    expiresAfterSeconds: ttlSeconds,
  });
  // Otherwise it warns on the console for each message. Of a Lambda's context it reads only this.
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
