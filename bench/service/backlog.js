'use strict';

const { setTimeout: pause } = require('node:timers/promises');
const { waitUntil } = require('../../scripts/services/probes');
const { cpuMicroseconds } = require('../cpu');
const { serverCpuPerMessage } = require('../measurement');
const { KEY_HEADER, paymentFor } = require('../messages');
const { EXCHANGE, ROUTING_KEY } = require('./topology');

/** @typedef {import('../../scripts/services/programs').Program} Program */
/** @typedef {import('../measurement').Sample} Sample */

const CONSUMED_WITHIN_MS = 30_000;
/** Longest time without progress. */
const STUCK_AFTER_MS = 30_000;
/** Between looks at the queues, which cost the broker time: seldom at first, often near the end. */
const SHORTEST_LOOK_MS = 5;
const LONGEST_LOOK_MS = 200;
/** Enough for the last prefetched payments to be finished. */
const FINISHED_AFTER_MS = 300;

/** The messages that wait for a program in its virtual host, and those that it has not published yet. */
class Backlog {
  /**
   * @param {import('amqplib').ConfirmChannel} channel
   * @param {string[]} queues
   * @param {() => Promise<number>} waitingEvents how many events are to be published
   */
  constructor(channel, queues, waitingEvents) {
    this.channel = channel;
    this.queues = queues;
    this.waitingEvents = waitingEvents;
  }

  /** @param {Program} program */
  async untilConsumed({ name, isRunning, log }) {
    const isConsumed = async (/** @type {string} */ queue) =>
      (await this.channel.checkQueue(queue)).consumerCount > 0;
    for (const queue of this.queues) {
      await waitUntil(() => isConsumed(queue), {
        what: `The consumer of ${queue} in ${name}`,
        withinMs: CONSUMED_WITHIN_MS,
        isAlive: isRunning,
        log,
      });
    }
  }

  /**
   * Publishes a payment for each key while the program is frozen, and measures how fast it empties its queues. So the
   * publisher's own time does not count. The first messages, as many as are prefetched, are delivered to the frozen
   * program, and when the queues become empty as many are not finished: so the time is that of all others. Of their events, no
   * more wait then, either.
   * @param {import('../comparison').Bench} bench
   * @param {{ program: Program, keys: string[], setting: import('../groups').Group['setting'] }} options
   * @returns {Promise<Sample>}
   */
  async measure({ serverCpu, redisServers }, { program, keys, setting }) {
    const pids = program.pid === undefined ? [] : [program.pid];
    program.signal('SIGSTOP');
    await this.fill(keys);
    await redisServers.resetCalls();
    const before = { ...serverCpu(), consumer: cpuMicroseconds(pids) };
    const startedAt = performance.now();
    program.signal('SIGCONT');
    await this.untilEmpty(program, setting.prefetch);
    const seconds = (performance.now() - startedAt) / 1_000;
    await pause(FINISHED_AFTER_MS + setting.gatewayMs);
    const after = { ...serverCpu(), consumer: cpuMicroseconds(pids) };
    const calls = await redisServers.calls();
    return {
      messagesPerSecond: (keys.length - setting.prefetch) / seconds,
      consumerCpuMicroseconds: (after.consumer - before.consumer) / keys.length,
      ...serverCpuPerMessage({ before, after, messages: keys.length }),
      p50Ms: NaN,
      p99Ms: NaN,
      redisCalls: calls / keys.length,
    };
  }

  /**
   * @private
   * @param {string[]} keys
   */
  async fill(keys) {
    for (const key of keys) {
      this.channel.publish(EXCHANGE, ROUTING_KEY, bodyOf(key), {
        persistent: true,
        contentType: 'application/json',
        timestamp: Math.floor(Date.now() / 1_000),
        headers: { [KEY_HEADER]: key },
      });
    }
    await this.channel.waitForConfirms();
  }

  /**
   * @private
   * @param {Program} program
   * @param {number} prefetch
   */
  async untilEmpty({ name, isRunning, log }, prefetch) {
    const startedAt = performance.now();
    const first = await this.size(prefetch);
    let size = first;
    let progressAt = startedAt;
    while (size > 0) {
      const doneShare = (first - size) / size;
      const leftMs = (performance.now() - startedAt) / doneShare;
      await pause(
        doneShare > 0 ? Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, leftMs / 2)) : LONGEST_LOOK_MS,
      );
      const now = await this.size(prefetch);
      if (now !== size) progressAt = performance.now();
      size = now;
      if (!isRunning()) throw new Error(`${name} ended during the measurement:\n${log()}`);
      if (performance.now() - progressAt > STUCK_AFTER_MS) throw new Error(`${name} got stuck:\n${log()}`);
    }
  }

  /**
   * @private
   * @param {number} prefetch
   */
  async size(prefetch) {
    let size = Math.max(0, (await this.waitingEvents()) - prefetch);
    for (const queue of this.queues) size += (await this.channel.checkQueue(queue)).messageCount;
    return size;
  }
}

/** @param {string} key */
function bodyOf(key) {
  return Buffer.from(JSON.stringify({ ...paymentFor(key), idempotencyKey: key }));
}

module.exports = { Backlog };
