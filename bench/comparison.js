'use strict';

const { caseName, keysFor } = require('./cases');
const { freshKeys } = require('./messages');
const { measure } = require('./measurement');
const { Pool } = require('./pool');
const { openDatabaseContenders } = require('./postgres/contenders');
const { openServiceContenders } = require('./service/contenders');

/** @typedef {import('./groups').Group} Group */
/** @typedef {import('./measurement').Sample} Sample */

/**
 * @typedef {object} Bench what every part of the benchmark uses
 * @property {string} rabbitmqUrl
 * @property {import('./rabbitmq').RabbitmqManagement} management
 * @property {string} redisUrl
 * @property {import('ioredis').Redis} redis
 * @property {import('./redis-servers').RedisServers} redisServers
 * @property {import('./postgres/server').PostgresServer | undefined} postgresServer only if a group needs it
 * @property {() => import('./measurement').ServerCpu} serverCpu
 * @property {import('./queue').Publisher} publisher
 * @property {string} directory for the logs of started programs
 * @property {string[]} nodeArguments of the measured programs
 * @property {(text: string) => void} say shows the progress
 */

/**
 * One variant of a group, in processes of its own that are kept warm between measurements.
 * @typedef {object} Contender
 * @property {string} variant
 * @property {(keys: string[]) => Promise<Sample>} measure
 * @property {() => Promise<void>} close
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
  bench.say(`${group.name}: warming up`);
  const contenders = await openContenders(bench, group);
  try {
    for (const contender of contenders) {
      await contender.measure(freshKeys(group.warmUpMessages ?? Math.min(WARM_UP_MESSAGES, group.messages)));
    }
    for (let repetition = 0; repetition < group.repetitions; repetition++) {
      bench.say(`${group.name}: ${repetition + 1} of ${group.repetitions}`);
      for (const contender of rotated(contenders, repetition)) {
        await measurePasses({ group, contender, samples });
      }
    }
  } finally {
    for (const contender of contenders) await contender.close();
    await bench.redisServers.empty();
  }
}

/** @param {{ group: Group, contender: Contender, samples: Map<string, Sample[]> }} options */
async function measurePasses({ group, contender, samples }) {
  const keys = freshKeys(group.messages);
  for (const pass of group.passes) {
    const sample = await contender.measure(keysFor(pass, keys));
    const name = caseName(group.name, pass, contender.variant);
    samples.set(name, [...(samples.get(name) ?? []), sample]);
  }
}

/**
 * @param {Bench} bench
 * @param {Group} group
 * @returns {Promise<Contender[]>}
 */
function openContenders(bench, group) {
  const { kind } = group;
  switch (kind) {
    case 'service':
      return openServiceContenders(bench, group);
    case 'postgres':
      return openDatabaseContenders(bench, group);
    case 'raw':
    case 'nest':
      return openPools(bench, kind, group);
  }
}

/**
 * @param {Bench} bench
 * @param {'raw' | 'nest'} kind
 * @param {Group} group
 * @returns {Promise<Contender[]>}
 */
async function openPools(bench, kind, { name, variants, setting }) {
  const { publisher, rabbitmqUrl, redisUrl, nodeArguments } = bench;
  /** @type {Contender[]} */
  const contenders = [];
  for (const variant of variants) {
    const queue = `bench.${name}.${variant}`;
    await publisher.declare(queue);
    const pool = new Pool({ kind, variant, queue, rabbitmqUrl, redisUrl }, nodeArguments);
    contenders.push({
      variant,
      measure: (keys) => measure(bench, { pool, keys, setting }),
      close: () => pool.close(),
    });
  }
  return contenders;
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
