'use strict';

const { quantile, sum } = require('./statistics');

/**
 * The result of one measurement.
 * @typedef {object} Sample
 * @property {number} messagesPerSecond
 * @property {number} cpuMicrosecondsPerMessage of all consumer processes together
 * @property {number} p50Ms from delivery to acknowledgement
 * @property {number} p99Ms
 * @property {number} redisCallsPerMessage
 */

/**
 * @typedef {object} Servers
 * @property {import('./queue').Publisher} publisher
 * @property {import('./redis-calls').RedisCalls} redisCalls
 */

/**
 * Fills a queue and measures how fast a pool empties it. The time runs from the first delivery to the last acknowledgement,
 * so neither the publisher nor the start of a process counts.
 * @param {Servers} servers
 * @param {object} options
 * @param {import('./pool').Pool} options.pool
 * @param {string[]} options.keys of the messages, in order
 * @param {{ bytes: number, processes: number, prefetch: number, gatewayMs: number }} options.setting
 * @returns {Promise<Sample>}
 */
async function measure({ publisher, redisCalls }, { pool, keys, setting }) {
  // Before the queue is filled, because a NestJS application consumes from its start.
  await pool.upTo(setting.processes);
  await publisher.fill(pool.settings.queue, { keys, bytes: setting.bytes });
  await redisCalls.reset();
  const readings = await pool.consume({ ...setting, messages: keys.length });
  const calls = await redisCalls.count();
  const took = Math.max(...last(readings)) - Math.min(...first(readings));
  const latencies = readings.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    messagesPerSecond: keys.length / (took / 1000),
    cpuMicrosecondsPerMessage: sum(readings.map(({ cpuMicroseconds }) => cpuMicroseconds)) / keys.length,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    redisCallsPerMessage: calls / keys.length,
  };
}

/** @param {import('./meter').Reading[]} readings */
function first(readings) {
  return readings.filter(({ done }) => done > 0).map(({ firstAtMs }) => firstAtMs);
}

/** @param {import('./meter').Reading[]} readings */
function last(readings) {
  return readings.map(({ lastAtMs }) => lastAtMs);
}

module.exports = { measure };
