'use strict';

const { caseName } = require('./cases');
const { LEASE_SECONDS } = require('./probes/kill');
const { median } = require('./statistics');

/** @typedef {import('./measurement').Sample} Sample */

/**
 * A measured ratio: the median over the repetitions, and their lowest and highest value. NaN if it was not measured.
 * @typedef {{ value: number, lowest: number, highest: number, repetitions: number }} Ratio
 */

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
  service_vs_handwritten: atLeast(0.75),
  service_cpu_vs_handwritten: atMost(1.7),
  service_receipts_vs_handwritten: atLeast(0.5),
  service_ledger_vs_handwritten: atLeast(0.8),
  engine_new_vs_none: atLeast(0.65),
  engine_new_vs_node_idempotency: atLeast(1.5),
  engine_new_vs_powertools: atLeast(2.2),
  engine_new_vs_tutorial: atLeast(2.2),
  engine_duplicate_vs_none: atLeast(1),
  engine_duplicate_without_memory_vs_none: atLeast(0.8),
  engine_10kb_vs_powertools: atLeast(1),
  handler_new_vs_pass_through: atLeast(0.85),
  gateway50_vs_none: atLeast(0.98),
  postgres_new_vs_handwritten: atLeast(0.8),
  postgres_new_vs_dbos: atLeast(5),
  redis_cpu_vs_node_idempotency: atMost(0.7),
  redis_bytes_vs_tutorial: atMost(1.2),
  added_p99_ms: atMost(3),
  redis_calls_new: atMost(2),
  redis_calls_duplicate: atMost(1),
  busy_redeliveries: atMost(3),
  busy_cpu_ratio: atMost(0.01),
  memory_growth_mb: atMost(10),
  kill_to_completion_seconds: atMost(LEASE_SECONDS + 1),
};

/** @type {(group: string, variant: string) => string} */
const newKeys = (group, variant) => caseName(group, 'new', variant);
/** @type {(variant: string) => string} */
const engine = (variant) => newKeys('engine', variant);
/** @type {(variant: string) => string} */
const duplicates = (variant) => caseName('engine', 'duplicates', variant);
/** @type {(variant: string) => string} */
const service = (variant) => newKeys('service, gateway of 0 ms', variant);
/** @type {(variant: string) => string} */
const slowService = (variant) => newKeys('service, gateway of 50 ms', variant);
/** @type {(variant: string) => string} */
const serviceWithLedger = (variant) => newKeys('service with ledger, gateway of 0 ms', variant);
/** @type {(variant: string) => string} */
const gateway = (variant) => newKeys('gateway of 50 ms, prefetch 50', variant);

/** @type {(variant: string) => string} */
const postgres = (variant) => newKeys('postgres', variant);
/** @type {(variant: string) => string} */
const postgresDuplicates = (variant) => caseName('postgres', 'duplicates', variant);

/**
 * Ratios between two cases of a group. `none` acknowledges each message by itself, as consumers usually do.
 * @type {Record<string, { of: keyof Sample, ours: string, other: string }>}
 */
const COMPARED = {
  service_vs_handwritten: rate(service('ours'), service('hand-written')),
  service_cpu_vs_handwritten: {
    of: 'consumerCpuMicroseconds',
    ours: service('ours'),
    other: service('hand-written'),
  },
  service_receipts_vs_handwritten: rate(service('ours with receipts'), service('hand-written')),
  service_gateway50_vs_handwritten: rate(slowService('ours'), slowService('hand-written')),
  service_ledger_vs_handwritten: rate(serviceWithLedger('ours'), serviceWithLedger('hand-written')),
  service_ledger_cpu_vs_handwritten: {
    of: 'consumerCpuMicroseconds',
    ours: serviceWithLedger('ours'),
    other: serviceWithLedger('hand-written'),
  },
  engine_new_vs_none: rate(engine('ours'), engine('none')),
  engine_new_vs_none_together: rate(engine('ours'), engine('none, acknowledging together')),
  engine_new_vs_node_idempotency: rate(engine('ours'), engine('node-idempotency')),
  engine_new_vs_powertools: rate(engine('ours'), engine('powertools')),
  engine_new_vs_tutorial: rate(engine('ours'), engine('tutorial')),
  engine_duplicate_vs_none: rate(duplicates('ours with local memory'), duplicates('none')),
  engine_duplicate_without_memory_vs_none: rate(duplicates('ours'), duplicates('none')),
  engine_10kb_vs_powertools: rate(newKeys('engine, 10 kB', 'ours'), newKeys('engine, 10 kB', 'powertools')),
  engine_cluster_vs_none: rate(
    newKeys('engine, Redis Cluster', 'ours'),
    newKeys('engine, Redis Cluster', 'none'),
  ),
  handler_new_vs_pass_through: rate(
    newKeys('handler', '@Idempotent'),
    newKeys('handler', 'pass-through interceptor'),
  ),
  gateway50_vs_none: rate(gateway('ours'), gateway('none')),
  postgres_new_vs_handwritten: rate(postgres('ours'), postgres('hand-written')),
  postgres_new_vs_dbos: rate(postgres('ours'), postgres('dbos')),
  postgres_duplicate_vs_handwritten: rate(postgresDuplicates('ours'), postgresDuplicates('hand-written')),
  redis_cpu_vs_node_idempotency: {
    of: 'redisCpuMicroseconds',
    ours: engine('ours'),
    other: engine('node-idempotency'),
  },
};

/**
 * Of messages a second.
 * @param {string} ours
 * @param {string} other
 */
function rate(ours, other) {
  return { of: /** @type {const} */ ('messagesPerSecond'), ours, other };
}

/**
 * Each ratio is taken within a repetition, because both cases ran there under the same load.
 * @param {Map<string, Sample[]>} samples
 * @returns {Record<string, Ratio>}
 */
function comparedRatios(samples) {
  return Object.fromEntries(
    Object.entries(COMPARED).flatMap(([name, { of, ours, other }]) => {
      const others = samples.get(other);
      const all =
        others && samples.get(ours)?.map((sample, index) => sample[of] / (others[index]?.[of] ?? NaN));
      return all ? [[name, ratioOf(all)]] : [];
    }),
  );
}

/**
 * @param {number[]} values one for each repetition
 * @returns {Ratio}
 */
function ratioOf(values) {
  return {
    value: median(values),
    lowest: Math.min(...values),
    highest: Math.max(...values),
    repetitions: values.length,
  };
}

/**
 * @param {string} name
 * @param {number} value
 * @returns {'met' | 'missed' | ''} empty without a target or a value
 */
function verdict(name, value) {
  const target = TARGETS[name];
  if (!target || Number.isNaN(value)) return '';
  const isMet = target.bound === 'at least' ? value >= target.value : value <= target.value;
  return isMet ? 'met' : 'missed';
}

module.exports = { TARGETS, comparedRatios, ratioOf, verdict };
