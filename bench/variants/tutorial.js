'use strict';

const { randomUUID } = require('node:crypto');
const { Redis } = require('ioredis');
const { keyOf, payloadOf } = require('../messages');
const { TTL_SECONDS } = require('./settings');

const LOCK_SECONDS = 300;

/**
 * The tutorial's flow: check, lock, check again, work, record, unlock; a message whose key is locked is requeued.
 * @type {import('./index').OpenVariant}
 */
async function openTutorial({ redisUrl, ttlSeconds = TTL_SECONDS, work }) {
  const redis = new Redis(redisUrl);
  await redis.ping();
  return {
    process: async (message) => {
      const key = keyOf(message);
      const payload = payloadOf(message);
      const { record, lock } = tutorialKeys(key);
      if (await redis.get(record)) return 'done';
      if (!(await redis.set(lock, randomUUID(), 'EX', LOCK_SECONDS, 'NX'))) return 'in-progress';
      if (!(await redis.get(record))) {
        await redis.setex(record, ttlSeconds, tutorialRecord(await work(payload)));
      }
      await redis.del(lock);
      return 'done';
    },
    close: async () => redis.disconnect(),
  };
}

/** @param {string} key */
function tutorialKeys(key) {
  return { record: `idempotent:payment:${key}`, lock: `lock:payment:${key}` };
}

/** @param {unknown} result */
function tutorialRecord(result) {
  return JSON.stringify({ processedAt: new Date().toISOString(), result });
}

module.exports = { openTutorial, tutorialKeys };
