'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { SMALL, freshKeys } = require('../messages');
const { Pool } = require('../pool');
const { WARM_UP_MESSAGES } = require('../comparison');
const { quantile } = require('../statistics');

/** @typedef {import('../comparison').Bench} Bench */
/** @typedef {import('../pool').QueuePool} QueuePool */

const PER_SECOND = 1_000;
const SETTING = { processes: 1, prefetch: 256, gatewayMs: 0 };

/**
 * The latency (p99, ms) that deduplication adds in a consumer with low load: from delivery to acknowledgement, for new keys
 * at 1,000 messages a second, minus the same without deduplication; one value for each repetition.
 * @param {Bench} bench
 * @param {{ seconds: number, repetitions: number }} options
 */
async function addedLatency({ publisher, rabbitmqUrl, redisUrl, say }, { seconds, repetitions }) {
  const warmUp = async (/** @type {QueuePool} */ pool) => {
    await publisher.fill(pool.settings.queue, { keys: freshKeys(WARM_UP_MESSAGES), bytes: SMALL });
    await pool.consume({ messages: WARM_UP_MESSAGES, ...SETTING });
  };
  const p99 = async (/** @type {QueuePool} */ pool) => {
    const messages = seconds * PER_SECOND;
    const consumed = pool.consume({ messages, ...SETTING });
    await sendPaced(publisher, { queue: pool.settings.queue, messages });
    const [reading] = await consumed;
    return quantile(reading?.latenciesMs ?? [], 0.99);
  };
  const open = async (/** @type {string} */ variant) => {
    const queue = `bench.latency.${variant}`;
    await publisher.declare(queue);
    return new Pool({ kind: 'raw', variant, queue, rabbitmqUrl, redisUrl });
  };
  const [none, ours] = [await open('none'), await open('ours')];
  try {
    /** @type {number[]} */
    const added = [];
    for (const pool of [none, ours]) await warmUp(pool);
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      say(`added latency: ${repetition} of ${repetitions}`);
      added.push((await p99(ours)) - (await p99(none)));
    }
    return added;
  } finally {
    await none.close();
    await ours.close();
  }
}

/**
 * @param {Bench['publisher']} publisher
 * @param {{ queue: string, messages: number }} options
 */
async function sendPaced(publisher, { queue, messages }) {
  const startedAt = performance.now();
  let sent = 0;
  for (const key of freshKeys(messages)) {
    publisher.send(queue, { key, bytes: SMALL });
    sent++;
    while (sent > ((performance.now() - startedAt) * PER_SECOND) / 1_000) await pause(1);
  }
}

module.exports = { addedLatency };
