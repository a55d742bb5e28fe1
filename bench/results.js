'use strict';

const { cpus, totalmem } = require('node:os');
const { median } = require('./statistics');

/** @typedef {import('./measurement').Sample} Sample */
/** @typedef {import('./ratios').Ratio} Ratio */

/** @typedef {Sample & { name: string, runs: number }} CaseResult */

/**
 * @typedef {object} Results
 * @property {string} machine
 * @property {string} node the version of Node.js
 * @property {CaseResult[]} cases
 * @property {Record<string, number>} ratios
 * @property {Record<string, Omit<Ratio, 'value'>>} spreads of the ratios over their repetitions
 */

/**
 * @param {Map<string, Sample[]>} samples
 * @param {Record<string, Ratio>} ratios
 * @returns {Results}
 */
function resultsOf(samples, ratios) {
  const each = Object.entries(ratios);
  return {
    machine: machine(),
    node: process.versions.node,
    cases: casesOf(samples),
    ratios: Object.fromEntries(each.map(([name, { value }]) => [name, rounded(value)])),
    spreads: Object.fromEntries(
      each.map(([name, { lowest, highest, repetitions }]) => [
        name,
        { lowest: rounded(lowest), highest: rounded(highest), repetitions },
      ]),
    ),
  };
}

/**
 * The medians of each case.
 * @param {Map<string, Sample[]>} samples
 * @returns {CaseResult[]}
 */
function casesOf(samples) {
  return [...samples].map(([name, runs]) => {
    const middle = (/** @type {keyof Sample} */ field) =>
      rounded(median(runs.map((sample) => sample[field])));
    return {
      name,
      messagesPerSecond: middle('messagesPerSecond'),
      consumerCpuMicroseconds: middle('consumerCpuMicroseconds'),
      rabbitmqCpuMicroseconds: middle('rabbitmqCpuMicroseconds'),
      redisCpuMicroseconds: middle('redisCpuMicroseconds'),
      postgresqlCpuMicroseconds: middle('postgresqlCpuMicroseconds'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      redisCalls: middle('redisCalls'),
      runs: runs.length,
    };
  });
}

/** @param {number} value */
function rounded(value) {
  return Number(value.toPrecision(4));
}

function machine() {
  const [{ model = 'unknown' } = {}] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${model.trim()}, ${memory} GB, ${process.platform}, Node.js ${process.versions.node}`;
}

/**
 * The cases as `docs/performance-data.csv` has them.
 * @param {Results} results
 */
function csvOf({ node, cases }) {
  const head =
    'case,node,messages_per_second,consumer_cpu_us,rabbitmq_cpu_us,redis_cpu_us,postgresql_cpu_us,p50_ms,p99_ms,redis_calls';
  const cell = (/** @type {number} */ value, /** @type {number} */ digits) =>
    Number.isNaN(value) ? '' : value.toFixed(digits);
  const rows = cases.map((result) =>
    [
      `"${result.name}"`,
      node,
      cell(result.messagesPerSecond, 0),
      cell(result.consumerCpuMicroseconds, 0),
      cell(result.rabbitmqCpuMicroseconds, 0),
      cell(result.redisCpuMicroseconds, 0),
      cell(result.postgresqlCpuMicroseconds, 0),
      cell(result.p50Ms, 2),
      cell(result.p99Ms, 2),
      cell(result.redisCalls, 2),
    ].join(','),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

module.exports = { casesOf, csvOf, resultsOf, rounded };
