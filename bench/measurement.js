'use strict';

const { quantile, sum } = require('./statistics');

/**
 * The result of one measurement; NaN if something was not measured.
 * @typedef {object} Sample
 * @property {number} messagesPerSecond
 * @property {number} consumerCpuMicroseconds a message, of all consumer processes together
 * @property {number} rabbitmqCpuMicroseconds a message
 * @property {number} redisCpuMicroseconds a message
 * @property {number} postgresqlCpuMicroseconds a message
 * @property {number} p50Ms from delivery to acknowledgement
 * @property {number} p99Ms
 * @property {number} redisCalls a message
 */

/**
 * @typedef {object} Servers
 * @property {import('./redis-servers').RedisServers} redisServers
 * @property {() => ServerCpu} serverCpu
 */

/** @typedef {{ rabbitmq: number, redis: number, postgresql: number }} ServerCpu microseconds used until now */

/**
 * Fills a queue and measures how fast a pool empties it. The time runs from the first delivery to the last acknowledgement,
 * so neither the publisher nor the start of a process counts.
 * @param {Servers & { publisher: import('./queue').Publisher }} servers
 * @param {object} options
 * @param {import('./pool').QueuePool} options.pool
 * @param {string[]} options.keys of the messages, in order
 * @param {{ bytes: number, processes: number, prefetch: number, gatewayMs: number }} options.setting
 * @returns {Promise<Sample>}
 */
async function measure({ publisher, ...servers }, { pool, keys, setting }) {
  // Before the queue is filled, because a NestJS application consumes from its start.
  await pool.upTo(setting.processes);
  await publisher.fill(pool.settings.queue, { keys, bytes: setting.bytes });
  return measureConsumers(servers, {
    messages: keys.length,
    consume: () => pool.consume({ ...setting, messages: keys.length }),
  });
}

/**
 * @param {Servers} servers
 * @param {{ messages: number, consume: () => Promise<import('./meter').Reading[]> }} options
 * @returns {Promise<Sample>}
 */
async function measureConsumers({ redisServers, serverCpu }, { messages, consume }) {
  await redisServers.resetCalls();
  const before = serverCpu();
  const readings = await consume();
  const after = serverCpu();
  const calls = await redisServers.calls();
  const took = Math.max(...last(readings)) - Math.min(...first(readings));
  const latencies = readings.flatMap(({ latenciesMs }) => latenciesMs);
  return {
    messagesPerSecond: messages / (took / 1000),
    consumerCpuMicroseconds: sum(readings.map(({ cpuMicroseconds }) => cpuMicroseconds)) / messages,
    ...serverCpuPerMessage({ before, after, messages }),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    redisCalls: calls / messages,
  };
}

/** @param {{ before: ServerCpu, after: ServerCpu, messages: number }} options */
function serverCpuPerMessage({ before, after, messages }) {
  return {
    rabbitmqCpuMicroseconds: (after.rabbitmq - before.rabbitmq) / messages,
    redisCpuMicroseconds: (after.redis - before.redis) / messages,
    postgresqlCpuMicroseconds: (after.postgresql - before.postgresql) / messages,
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

module.exports = { measure, measureConsumers, serverCpuPerMessage };
