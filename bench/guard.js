'use strict';

const { caseName } = require('./cases');
const { compare } = require('./comparison');
const { GUARDED } = require('./groups');
const { casesOf, rounded } = require('./results');
const { withBench } = require('./run');

/** @typedef {import('./results').CaseResult} CaseResult */

/**
 * @typedef {object} Finding
 * @property {string} name
 * @property {number} value
 * @property {number} limit
 */

/**
 * Measures values that show a regression on any machine: ratios of CPU time, which other programs hardly change, and
 * Redis calls. The limits are about twice the usual values.
 * @param {import('./run').Settings} settings
 * @returns {Promise<Finding[]>}
 */
async function runGuard(settings) {
  return withBench(settings, async (bench) => {
    /** @type {Map<string, import('./measurement').Sample[]>} */
    const samples = new Map();
    for (const group of GUARDED) await compare(bench, group, samples);
    return findings(new Map(casesOf(samples).map((result) => [result.name, result])));
  });
}

/**
 * @param {Map<string, CaseResult>} cases
 * @returns {Finding[]}
 */
function findings(cases) {
  const find = (/** @type {string} */ name) => {
    const found = cases.get(name);
    if (!found) throw new Error(`the guard has not measured '${name}'`);
    return found;
  };
  const cpu = (/** @type {string} */ name) => find(name).consumerCpuMicroseconds;
  const calls = (/** @type {string} */ name) => find(name).redisCalls;
  const ours = caseName('engine', 'new', 'ours');
  const serviceWithLedger = (/** @type {string} */ variant) =>
    caseName('service with ledger, gateway of 0 ms', 'new', variant);
  const list = [
    {
      name: 'CPU of a new key, ours to @node-idempotency',
      value: cpu(ours) / cpu(caseName('engine', 'new', 'node-idempotency')),
      limit: 2,
    },
    {
      name: 'CPU of a new key, handler with @Idempotent() to a pass-through interceptor',
      value:
        cpu(caseName('handler', 'new', '@Idempotent')) /
        cpu(caseName('handler', 'new', 'pass-through interceptor')),
      limit: 4,
    },
    {
      name: 'CPU of a payment, service with ledger to hand-written',
      value: cpu(serviceWithLedger('ours')) / cpu(serviceWithLedger('hand-written')),
      limit: 4,
    },
    {
      name: 'CPU of a duplicate, local memory to none',
      value:
        cpu(caseName('engine', 'duplicates', 'ours with local memory')) /
        cpu(caseName('engine', 'duplicates', 'none')),
      limit: 5,
    },
    {
      name: 'Redis calls of a new key, one at a time',
      value: calls(caseName('engine, prefetch 1', 'new', 'ours')),
      limit: 2,
    },
    {
      name: 'Redis calls of a duplicate, one at a time',
      value: calls(caseName('engine, prefetch 1', 'duplicates', 'ours')),
      limit: 1,
    },
    { name: 'Redis calls of a new key, gathered under load', value: calls(ours), limit: 0.3 },
    {
      name: 'Redis calls of a duplicate, local memory',
      value: calls(caseName('engine', 'duplicates', 'ours with local memory')),
      limit: 0,
    },
  ];
  return list.map((finding) => ({ ...finding, value: rounded(finding.value) }));
}

module.exports = { runGuard };
