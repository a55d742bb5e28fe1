'use strict';

const { Redis } = require('ioredis');
const { compare } = require('./comparison');
const { FULL, QUICK, caseName } = require('./groups');
const { heapGrowth, redisBytes } = require('./probes/footprint');
const { heldLockInService, heldLockInTutorial } = require('./probes/held-lock');
const { killToCompletion } = require('./probes/kill');
const { addedLatency } = require('./probes/latency');
const { openGateway } = require('./probes/service');
const { Publisher } = require('./queue');
const { throughputRatios } = require('./ratios');
const { RedisCalls } = require('./redis-calls');
const { casesOf, machine, rounded } = require('./results');

/** @typedef {import('./comparison').Bench} Bench */

/** How much is measured. */
const EXTENTS = {
  full: {
    groups: FULL,
    latency: { seconds: 10, repetitions: 5 },
    heap: { messages: 1_000_000 },
    bytes: { messages: 20_000 },
  },
  quick: {
    groups: QUICK,
    latency: { seconds: 2, repetitions: 3 },
    heap: { messages: 40_000 },
    bytes: { messages: 5_000 },
  },
};

/**
 * @typedef {object} Settings
 * @property {string} rabbitmqUrl
 * @property {string} redisUrl
 * @property {string} directory for the logs of started programs
 * @property {(text: string) => void} say
 */

/**
 * Measures everything.
 * @param {'full' | 'quick'} extent
 * @param {Settings} settings
 */
async function runBenchmark(extent, settings) {
  const plan = EXTENTS[extent];
  return withBench(settings, async (bench) => {
    /** @type {Map<string, import('./measurement').Sample[]>} */
    const samples = new Map();
    for (const group of plan.groups) await compare(bench, group, samples);
    const cases = casesOf(samples);
    const ratios = {
      ...throughputRatios(samples),
      ...redisCalls(cases),
      ...(await footprint(bench, plan)),
      added_p99_ms: await addedLatency(bench, plan.latency),
      ...(await failures(bench, settings)),
    };
    return { machine: machine(), cases, ratios: roundedAll(ratios) };
  });
}

/**
 * @template T
 * @param {Settings} settings
 * @param {(bench: Bench) => Promise<T>} use
 */
async function withBench({ rabbitmqUrl, redisUrl, say }, use) {
  const redis = new Redis(redisUrl);
  const publisher = await Publisher.open(rabbitmqUrl);
  try {
    return await use({ rabbitmqUrl, redisUrl, redis, publisher, redisCalls: new RedisCalls(redis), say });
  } finally {
    await publisher.close();
    redis.disconnect();
  }
}

/**
 * Redis calls with one message at a time, where calls cannot be batched, and under load, where they are fewer.
 * @param {import('./results').CaseResult[]} cases
 */
function redisCalls(cases) {
  const callsOf = (/** @type {string} */ name) => {
    const found = cases.find((result) => result.name === name);
    return found ? found.redisCallsPerMessage : NaN;
  };
  return {
    redis_calls_new: callsOf(caseName('engine, prefetch 1', 'new', 'ours')),
    redis_calls_duplicate: callsOf(caseName('engine, prefetch 1', 'duplicates', 'ours')),
    redis_calls_new_under_load: callsOf(caseName('engine', 'new', 'ours')),
    redis_calls_duplicate_under_load: callsOf(caseName('engine', 'duplicates', 'ours')),
  };
}

/**
 * @param {Bench} bench
 * @param {typeof EXTENTS[keyof typeof EXTENTS]} plan
 */
async function footprint(bench, { heap, bytes }) {
  const ours = await redisBytes(bench, { variant: 'ours', ...bytes });
  const tutorial = await redisBytes(bench, { variant: 'tutorial', ...bytes });
  return {
    redis_bytes_per_payment: ours,
    redis_bytes_vs_tutorial: ours / tutorial,
    memory_growth_mb: await heapGrowth(bench, heap),
    memory_growth_messages: heap.messages,
  };
}

/**
 * @param {Bench} bench
 * @param {Settings} settings
 */
async function failures(bench, settings) {
  bench.say('a duplicate while another owner holds the lock');
  const tutorial = await heldLockInTutorial(bench);
  const gateway = await openGateway(settings);
  const service = await gateway.startService();
  const heldLock = await heldLockInService(bench, service);
  await service.program.stop(0);
  bench.say('the owner of a payment is killed');
  return {
    busy_redeliveries: heldLock.redeliveries,
    busy_cpu_ratio: heldLock.cpuRatio,
    idle_cpu_ratio: heldLock.idleCpuRatio,
    tutorial_busy_redeliveries: tutorial.redeliveries,
    tutorial_busy_cpu_ratio: tutorial.cpuRatio,
    kill_to_completion_seconds: await killToCompletion(gateway),
  };
}

/** @param {Record<string, number>} ratios */
function roundedAll(ratios) {
  return Object.fromEntries(Object.entries(ratios).map(([name, value]) => [name, rounded(value)]));
}

module.exports = { runBenchmark, withBench };
