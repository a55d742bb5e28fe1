'use strict';

// One consumer process of the benchmark. It communicates with the benchmark over the IPC channel of `fork`.

const { Meter } = require('./meter');
const { openNestConsumer } = require('./nest-consumer');
const { openRawConsumer } = require('./raw-consumer');
const { Work } = require('./work');

/**
 * @typedef {object} WorkerSettings
 * @property {'raw' | 'nest'} kind
 * @property {string} variant
 * @property {string} queue
 * @property {string} rabbitmqUrl
 * @property {string} redisUrl
 * @property {number} [ttlSeconds]
 */

/**
 * @typedef {{ kind: 'open', settings: WorkerSettings }
 *   | { kind: 'start', prefetch: number, gatewayMs: number }
 *   | { kind: 'stop' }
 *   | { kind: 'heap' }} Order
 */

/**
 * @typedef {{ kind: 'done', result: unknown }
 *   | { kind: 'failed', message: string }
 *   | { kind: 'progress', done: number }} Report
 */

const PROGRESS_EVERY_MS = 5;

const meter = new Meter();
const work = new Work();
/** @type {import('./raw-consumer').Consumer | undefined} */
let consumer;
/** @type {NodeJS.Timeout | undefined} */
let progress;

/** @param {Report} message */
function report(message) {
  process.send?.(message);
}

/**
 * @param {Order} order
 * @returns {Promise<unknown>}
 */
async function carryOut(order) {
  switch (order.kind) {
    case 'open': {
      const { kind, ...settings } = order.settings;
      consumer = await (kind === 'raw' ? openRawConsumer : openNestConsumer)({ ...settings, meter, work });
      return undefined;
    }
    case 'start':
      meter.reset();
      work.gatewayMs = order.gatewayMs;
      await consumer?.start(order.prefetch);
      progress = setInterval(() => report({ kind: 'progress', done: meter.done }), PROGRESS_EVERY_MS);
      return undefined;
    case 'stop': {
      clearInterval(progress);
      const reading = meter.read();
      await consumer?.stop();
      return reading;
    }
    case 'heap':
      if (!globalThis.gc) throw new Error('the worker was started without --expose-gc');
      meter.reset();
      globalThis.gc();
      return process.memoryUsage().heapUsed;
  }
}

process.on('message', (/** @type {Order} */ order) => {
  carryOut(order).then(
    (result) => report({ kind: 'done', result }),
    (/** @type {unknown} */ error) => report({ kind: 'failed', message: String(error) }),
  );
});
// The benchmark has ended.
process.on('disconnect', () => process.exit(0));
