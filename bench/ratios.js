'use strict';

const { caseName } = require('./groups');
const { LEASE_SECONDS } = require('./probes/kill');
const { median } = require('./statistics');

/** @typedef {import('./measurement').Sample} Sample */
/** @typedef {Record<string, number>} Ratios */

/**
 * @typedef {object} Target
 * @property {'at least' | 'at most'} bound
 * @property {number} value
 */

/** @type {(value: number) => Target} */
const atLeast = (value) => ({ bound: 'at least', value });
/** @type {(value: number) => Target} */
const atMost = (value) => ({ bound: 'at most', value });

/** @type {Record<string, Target>} the project's targets */
const TARGETS = {
  engine_new_vs_none: atLeast(0.55),
  engine_new_vs_node_idempotency: atLeast(1.3),
  engine_new_vs_powertools: atLeast(2.2),
  engine_new_vs_tutorial: atLeast(2),
  engine_duplicate_vs_none: atLeast(0.9),
  engine_duplicate_without_memory_vs_none: atLeast(0.6),
  handler_new_vs_pass_through: atLeast(0.8),
  gateway50_vs_none: atLeast(0.98),
  added_p99_ms: atMost(3),
  redis_calls_new: atMost(2),
  redis_calls_duplicate: atMost(1),
  busy_redeliveries: atMost(3),
  busy_cpu_ratio: atMost(0.01),
  memory_growth_mb: atMost(10),
  redis_bytes_vs_tutorial: atMost(1),
  kill_to_completion_seconds: atMost(LEASE_SECONDS + 2),
};

/**
 * Ratios of throughput: the median of the ratios within each repetition, because both variants ran there under the same load.
 * @param {Map<string, Sample[]>} samples
 * @returns {Ratios}
 */
function throughputRatios(samples) {
  const NEW = 'new';
  const engine = (/** @type {string} */ variant) => caseName('engine', NEW, variant);
  const duplicates = (/** @type {string} */ variant) => caseName('engine', 'duplicates', variant);
  const handler = (/** @type {string} */ variant) => caseName('handler', NEW, variant);
  const gateway = (/** @type {string} */ variant) => caseName('gateway of 50 ms, prefetch 50', NEW, variant);
  /** @type {Record<string, [string, string]>} */
  const pairs = {
    engine_new_vs_none: [engine('ours'), engine('none')],
    engine_new_vs_node_idempotency: [engine('ours'), engine('node-idempotency')],
    engine_new_vs_powertools: [engine('ours'), engine('powertools')],
    engine_new_vs_tutorial: [engine('ours'), engine('tutorial')],
    engine_duplicate_vs_none: [duplicates('ours with local memory'), duplicates('none')],
    engine_duplicate_without_memory_vs_none: [duplicates('ours'), duplicates('none')],
    handler_new_vs_pass_through: [handler('@Idempotent'), handler('pass-through interceptor')],
    gateway50_vs_none: [gateway('ours'), gateway('none')],
  };
  return Object.fromEntries(
    Object.entries(pairs).flatMap(([name, [ours, others]]) => {
      const ratio = ratioOf(samples.get(ours), samples.get(others));
      return ratio === undefined ? [] : [[name, ratio]];
    }),
  );
}

/**
 * @param {Sample[]} [ours]
 * @param {Sample[]} [others]
 */
function ratioOf(ours, others) {
  if (!ours || !others) return undefined;
  return median(
    ours.map(({ messagesPerSecond }, index) => messagesPerSecond / (others[index]?.messagesPerSecond ?? NaN)),
  );
}

/**
 * @param {string} name
 * @param {number} value
 * @returns {'met' | 'missed' | ''} empty if there is no target
 */
function verdict(name, value) {
  const target = TARGETS[name];
  if (!target) return '';
  const isMet = target.bound === 'at least' ? value >= target.value : value <= target.value;
  return isMet ? 'met' : 'missed';
}

module.exports = { TARGETS, throughputRatios, verdict };
