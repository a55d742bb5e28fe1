'use strict';

const { caseName, keysFor } = require('./groups');
const { freshKeys } = require('./messages');
const { measure } = require('./measurement');
const { Pool } = require('./pool');

/** @typedef {import('./groups').Group} Group */
/** @typedef {import('./measurement').Sample} Sample */

/**
 * @typedef {object} Bench what every part of the benchmark uses
 * @property {string} rabbitmqUrl
 * @property {string} redisUrl
 * @property {import('ioredis').Redis} redis
 * @property {import('./queue').Publisher} publisher
 * @property {import('./redis-calls').RedisCalls} redisCalls
 * @property {(text: string) => void} say shows the progress
 */

/** Enough messages for a new process to compile its code. */
const WARM_UP_MESSAGES = 8_000;

/**
 * Measures a group's variants in turn, repeatedly, so that other load on the machine affects all of them.
 * @param {Bench} bench
 * @param {Group} group
 * @param {Map<string, Sample[]>} samples by the name of the case; the same index is the same repetition
 */
async function compare(bench, group, samples) {
  const pools = await openPools(bench, group);
  try {
    for (const pool of pools) {
      const keys = freshKeys(Math.min(WARM_UP_MESSAGES, group.messages));
      await measure(bench, { pool, keys, setting: group.setting });
    }
    for (let repetition = 0; repetition < group.repetitions; repetition++) {
      bench.say(`${group.name}: ${repetition + 1} of ${group.repetitions}`);
      for (const pool of rotated(pools, repetition)) await measurePasses(bench, { group, pool, samples });
    }
  } finally {
    for (const pool of pools) pool.close();
    await bench.redis.flushdb();
  }
}

/**
 * @param {Bench} bench
 * @param {{ group: Group, pool: Pool, samples: Map<string, Sample[]> }} options
 */
async function measurePasses(bench, { group, pool, samples }) {
  const keys = freshKeys(group.messages);
  for (const pass of group.passes) {
    const sample = await measure(bench, { pool, keys: keysFor(pass, keys), setting: group.setting });
    const name = caseName(group.name, pass, pool.settings.variant);
    samples.set(name, [...(samples.get(name) ?? []), sample]);
  }
}

/**
 * @param {Bench} bench
 * @param {Group} group
 */
async function openPools({ publisher, rabbitmqUrl, redisUrl }, { name, kind, variants }) {
  /** @type {Pool[]} */
  const pools = [];
  for (const variant of variants) {
    const queue = `bench.${name}.${variant}`;
    await publisher.declare(queue);
    pools.push(new Pool({ kind, variant, queue, rabbitmqUrl, redisUrl }));
  }
  return pools;
}

/**
 * A new order for each repetition, so that no variant always comes first.
 * @template T
 * @param {T[]} items
 * @param {number} by
 */
function rotated(items, by) {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

module.exports = { WARM_UP_MESSAGES, compare };
