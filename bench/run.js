'use strict';

const { caseName, only } = require('./cases');
const { compare } = require('./comparison');
const { cpuMicroseconds } = require('./cpu');
const { FULL, QUICK } = require('./groups');
const { heapGrowth, redisBytes } = require('./probes/footprint');
const { heldLockInService, heldLockInTutorial } = require('./probes/held-lock');
const { killToCompletion } = require('./probes/kill');
const { addedLatency } = require('./probes/latency');
const { openGateway } = require('./probes/service');
const { PostgresServer } = require('./postgres/server');
const { Publisher } = require('./queue');
const { RabbitmqManagement } = require('./rabbitmq');
const { comparedRatios, ratioOf } = require('./ratios');
const { startRedisCluster } = require('./redis-cluster');
const { RedisServers } = require('./redis-servers');
const { resultsOf } = require('./results');

/** @typedef {import('./comparison').Bench} Bench */
/** @typedef {import('./measurement').Sample} Sample */
/** @typedef {import('./ratios').Ratio} Ratio */
/** @typedef {Map<string, Sample[]>} Samples */

/** How much is measured. */
const EXTENTS = {
  full: {
    ...FULL,
    latency: { seconds: 10, repetitions: 5 },
    heap: { messages: 1_000_000 },
    bytes: { messages: 20_000, repetitions: 3 },
  },
  quick: {
    ...QUICK,
    latency: { seconds: 2, repetitions: 3 },
    heap: { messages: 20_000 },
    bytes: { messages: 5_000, repetitions: 1 },
  },
};

/** @typedef {typeof EXTENTS[keyof typeof EXTENTS]} Plan */

/**
 * @typedef {object} Settings
 * @property {string} rabbitmqUrl
 * @property {string} rabbitmqManagementUrl
 * @property {string} redisUrl
 * @property {string} [databaseUrl] of PostgreSQL, if a group needs it
 * @property {string} directory for the logs of started programs
 * @property {string[]} [nodeArguments] of the measured programs
 * @property {(text: string) => void} say
 */

/**
 * Measures everything.
 * @param {keyof typeof EXTENTS} extent
 * @param {Settings} settings
 */
async function runBenchmark(extent, settings) {
  const plan = EXTENTS[extent];
  return withBench(settings, async (bench) => {
    const samples = await compareAll(bench, plan);
    return resultsOf(samples, {
      ...comparedRatios(samples),
      ...redisCalls(samples),
      ...(await footprint(bench, plan)),
      added_p99_ms: ratioOf(await addedLatency(bench, plan.latency)),
      ...(await failures(bench, settings)),
    });
  });
}

/**
 * Measures only some cases; see `only` in groups.js.
 * @param {keyof typeof EXTENTS} extent
 * @param {Settings & { cases: string }} settings
 */
async function runCases(extent, { cases, ...settings }) {
  const { groups, onCluster } = EXTENTS[extent];
  return withBench(settings, async (bench) => {
    const plan = { groups: only(groups, cases), onCluster: only(onCluster, cases) };
    const samples = await compareAll(bench, plan);
    return resultsOf(samples, comparedRatios(samples));
  });
}

/**
 * @param {Bench} bench
 * @param {Pick<Plan, 'groups' | 'onCluster'>} plan
 */
async function compareAll(bench, { groups, onCluster }) {
  /** @type {Samples} */
  const samples = new Map();
  for (const group of groups) await compare(bench, group, samples);
  if (onCluster.length > 0) {
    await withCluster(bench, async (clustered) => {
      for (const group of onCluster) await compare(clustered, group, samples);
    });
  }
  return samples;
}

/**
 * @template T
 * @param {Settings} settings
 * @param {(bench: Bench) => Promise<T>} use
 */
async function withBench(
  { rabbitmqUrl, rabbitmqManagementUrl, redisUrl, databaseUrl, directory, say, nodeArguments = [] },
  use,
) {
  const redisServers = new RedisServers(redisUrl);
  const management = new RabbitmqManagement(rabbitmqManagementUrl);
  const publisher = await Publisher.open(rabbitmqUrl);
  const postgresServer = databaseUrl === undefined ? undefined : await PostgresServer.open(databaseUrl);
  try {
    return await use({
      rabbitmqUrl,
      management,
      redisUrl,
      redis: redisServers.nodes[0],
      redisServers,
      postgresServer,
      serverCpu: await serverCpuOf({ management, redisServers, postgresServer }),
      publisher,
      directory,
      nodeArguments,
      say,
    });
  } finally {
    await publisher.close();
    redisServers.disconnect();
    await postgresServer?.close();
  }
}

/**
 * @param {Bench} bench
 * @param {(bench: Bench) => Promise<void>} use
 */
async function withCluster(bench, use) {
  const redisServers = await startRedisCluster(bench.directory);
  if (!redisServers) return bench.say('no Redis on this machine to start a Cluster with');
  try {
    const serverCpu = await serverCpuOf({ ...bench, redisServers });
    await use({ ...bench, redisUrl: redisServers.urls, redisServers, serverCpu });
  } finally {
    redisServers.disconnect();
  }
}

/** @param {Pick<Bench, 'management' | 'redisServers' | 'postgresServer'>} servers */
async function serverCpuOf({ management, redisServers, postgresServer }) {
  const [rabbitmq, redis] = await Promise.all([management.pids(), redisServers.pids()]);
  return () => ({
    rabbitmq: cpuMicroseconds(rabbitmq),
    redis: cpuMicroseconds(redis),
    postgresql: postgresServer?.cpuMicroseconds() ?? NaN,
  });
}

/**
 * Redis calls with one message at a time, where calls cannot be batched, and under load, where they are fewer.
 * @param {Samples} samples
 */
function redisCalls(samples) {
  const callsOf = (/** @type {string} */ name) =>
    ratioOf((samples.get(name) ?? []).map((sample) => sample.redisCalls));
  return {
    redis_calls_new: callsOf(caseName('engine, prefetch 1', 'new', 'ours')),
    redis_calls_duplicate: callsOf(caseName('engine, prefetch 1', 'duplicates', 'ours')),
    redis_calls_new_under_load: callsOf(caseName('engine', 'new', 'ours')),
    redis_calls_duplicate_under_load: callsOf(caseName('engine', 'duplicates', 'ours')),
  };
}

/**
 * @param {Bench} bench
 * @param {Plan} plan
 */
async function footprint(bench, { heap, bytes: { messages, repetitions } }) {
  const [ours, tutorial] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    bench.say('memory of Redis');
    ours.push(await redisBytes(bench, { variant: 'ours', messages }));
    tutorial.push(await redisBytes(bench, { variant: 'tutorial', messages }));
  }
  return {
    redis_bytes_per_payment: ratioOf(ours),
    redis_bytes_vs_tutorial: ratioOf(ours.map((bytes, index) => bytes / (tutorial[index] ?? NaN))),
    memory_growth_mb: once(await heapGrowth(bench, heap)),
    memory_growth_messages: once(heap.messages),
  };
}

/**
 * @param {Bench} bench
 * @param {Settings} settings
 */
async function failures(bench, settings) {
  bench.say('a duplicate while another owner holds the lock');
  const [tutorial, { gateway, service }] = await Promise.all([
    heldLockInTutorial(bench),
    openService(settings),
  ]);
  const heldLock = await heldLockInService(bench, service);
  await service.program.stop(0);
  bench.say('the owner of a payment is killed');
  return {
    busy_redeliveries: once(heldLock.redeliveries),
    busy_cpu_ratio: once(heldLock.cpuRatio),
    idle_cpu_ratio: once(heldLock.idleCpuRatio),
    tutorial_busy_redeliveries: once(tutorial.redeliveries),
    tutorial_busy_cpu_ratio: once(tutorial.cpuRatio),
    kill_to_completion_seconds: once(await killToCompletion(gateway)),
  };
}

/** @param {Settings} settings */
async function openService(settings) {
  const gateway = await openGateway(settings);
  return { gateway, service: await gateway.startService() };
}

/**
 * A value that is measured once.
 * @param {number} value
 */
const once = (value) => ratioOf([value]);

module.exports = { runBenchmark, runCases, withBench };
