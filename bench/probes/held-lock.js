'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { SMALL, freshKeys } = require('../messages');
const { Pool } = require('../pool');
const { tutorialKeys } = require('../variants/tutorial');

/** @typedef {import('../comparison').Bench} Bench */

/** How long another owner holds the lock. */
const HELD_MS = 5_000;

/**
 * The cost of a duplicate whose key is locked.
 * @typedef {object} HeldLockCost
 * @property {number} redeliveries
 * @property {number} cpuRatio as a share of one core
 */

/**
 * The cost with the tutorial's flow.
 * @param {Bench} bench
 * @returns {Promise<HeldLockCost>}
 */
async function heldLockInTutorial({ publisher, redis, rabbitmqUrl, redisUrl }) {
  const queue = 'bench.busy.tutorial';
  const [key = ''] = freshKeys(1);
  await publisher.declare(queue);
  const pool = new Pool({ kind: 'raw', variant: 'tutorial', queue, rabbitmqUrl, redisUrl });
  try {
    await pool.upTo(1);
    await redis.set(tutorialKeys(key).lock, 'another owner', 'PX', HELD_MS);
    await publisher.fill(queue, { keys: [key], bytes: SMALL });
    const [reading] = await pool.consume({ messages: 1, processes: 1, prefetch: 256, gatewayMs: 0 });
    if (!reading) throw new Error('the tutorial consumer returned no reading');
    return { redeliveries: reading.redelivered, cpuRatio: reading.cpuMicroseconds / (HELD_MS * 1_000) };
  } finally {
    await pool.close();
  }
}

/**
 * The cost with the whole service; `idleCpuRatio` is measured before, for the same time without any message.
 * @param {Bench} bench
 * @param {import('./service').ServiceUnderTest} service
 * @returns {Promise<HeldLockCost & { idleCpuRatio: number }>}
 */
async function heldLockInService({ redis }, service) {
  const [warmUp = '', key = ''] = freshKeys(2);
  const meetLock = async (/** @type {string} */ blocked) => {
    await redis.set(`lock:payment:${blocked}`, 'another owner', 'PX', HELD_MS);
    await service.publish(blocked);
    await pause(HELD_MS);
  };
  await meetLock(warmUp);
  await service.completion(warmUp);
  const idle = await service.metrics();
  await pause(HELD_MS);
  const before = await service.metrics();
  await meetLock(key);
  const after = await service.metrics();
  await service.completion(key);
  const { delayed } = await service.metrics();
  return {
    redeliveries: delayed - before.delayed,
    cpuRatio: (after.cpuSeconds - before.cpuSeconds) / (HELD_MS / 1_000),
    idleCpuRatio: (before.cpuSeconds - idle.cpuSeconds) / (HELD_MS / 1_000),
  };
}

module.exports = { heldLockInService, heldLockInTutorial };
