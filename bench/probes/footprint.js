'use strict';

const { SMALL, freshKeys } = require('../messages');
const { measure } = require('../measurement');
const { Pool } = require('../pool');

/** @typedef {import('../comparison').Bench} Bench */

const SETTING = { bytes: SMALL, processes: 1, prefetch: 256, gatewayMs: 0 };
const BATCH = 20_000;

/**
 * Total bytes that a finished payment takes in Redis.
 * @param {Bench} bench
 * @param {{ variant: string, messages: number }} options
 */
async function redisBytes(bench, { variant, messages }) {
  return withPool(bench, { variant, name: 'bytes' }, async (pool) => {
    await measure(bench, { pool, keys: freshKeys(100), setting: SETTING });
    await bench.redis.flushdb();
    const before = await usedMemory(bench);
    await measure(bench, { pool, keys: freshKeys(messages), setting: SETTING });
    const bytes = ((await usedMemory(bench)) - before) / messages;
    await bench.redis.flushdb();
    return bytes;
  });
}

/**
 * Growth of a consumer's heap in MB after so many messages, measured after forced garbage collections. Its local memory is
 * filled before, and records expire after seconds, so that Redis does not fill up.
 * @param {Bench} bench
 * @param {{ messages: number }} options
 */
async function heapGrowth(bench, { messages }) {
  const ttlSeconds = 5;
  return withPool(bench, { variant: 'ours with local memory', name: 'heap', ttlSeconds }, async (pool) => {
    const consume = (/** @type {number} */ count) =>
      measure(bench, { pool, keys: freshKeys(count), setting: SETTING });
    for (let filled = 0; filled < 2; filled++) await consume(BATCH);
    const before = await pool.heapBytes();
    for (let done = 0; done < messages; done += BATCH) {
      bench.say(`memory: ${done} of ${messages} messages`);
      await consume(Math.min(BATCH, messages - done));
    }
    return ((await pool.heapBytes()) - before) / 1e6;
  });
}

/**
 * @template T
 * @param {Bench} bench
 * @param {{ variant: string, name: string, ttlSeconds?: number }} options
 * @param {(pool: import('../pool').QueuePool) => Promise<T>} use
 */
async function withPool({ publisher, rabbitmqUrl, redisUrl }, { variant, name, ttlSeconds }, use) {
  const queue = `bench.${name}.${variant}`;
  await publisher.declare(queue);
  const ttl = ttlSeconds === undefined ? {} : { ttlSeconds };
  const pool = new Pool({ kind: 'raw', variant, queue, rabbitmqUrl, redisUrl, ...ttl });
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** @param {Bench} bench */
async function usedMemory({ redis }) {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
}

module.exports = { heapGrowth, redisBytes };
