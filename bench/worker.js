'use strict';

// One consumer process of the benchmark. It communicates with the benchmark over the IPC channel of `fork`.

const { Meter } = require('./meter');
const { Work } = require('./work');

/**
 * @typedef {object} QueueSettings
 * @property {'raw' | 'nest'} kind
 * @property {string} variant
 * @property {string} queue
 * @property {string} rabbitmqUrl
 * @property {string} redisUrl
 * @property {number} [ttlSeconds]
 */

/**
 * @typedef {object} DatabaseSettings for a consumer without a queue
 * @property {'postgres'} kind
 * @property {string} variant
 * @property {string} databaseUrl
 */

/** @typedef {QueueSettings | DatabaseSettings} WorkerSettings */

/**
 * @typedef {{ kind: 'open', settings: WorkerSettings }
 *   | { kind: 'start', prefetch: number, gatewayMs: number, keys: string[] }
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
 * Loads only this kind of consumer, so that the packages of the others do not take part.
 * @param {WorkerSettings} settings
 * @returns {Promise<import('./raw-consumer').Consumer>}
 */
function openConsumer(settings) {
  switch (settings.kind) {
    case 'raw': {
      const { openRawConsumer } = require('./raw-consumer');
      return openRawConsumer({ ...settings, meter, work });
    }
    case 'nest': {
      const { openNestConsumer } = require('./nest-consumer');
      return openNestConsumer({ ...settings, meter, work });
    }
    case 'postgres': {
      const { openDatabaseConsumer } = require('./postgres/consumer');
      return openDatabaseConsumer({ ...settings, meter, work });
    }
  }
}

/**
 * @param {Order} order
 * @returns {Promise<unknown>}
 */
async function carryOut(order) {
  switch (order.kind) {
    case 'open':
      consumer = await openConsumer(order.settings);
      return undefined;
    case 'start':
      meter.reset();
      work.gatewayMs = order.gatewayMs;
      await consumer?.start(order);
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
