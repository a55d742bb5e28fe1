'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { EXIT, readArguments, wrongUse } = require('./command-line');
const { runCommand } = require('./run');
const { prepareServers, startServers } = require('./services');
const { bold, dim, green, print, red, whileShowing } = require('./terminal');

/** @typedef {import('../bench/run').Settings} Settings */

const help = `npm run bench: measures the cost of deduplication, here and in other implementations

Starts private RabbitMQ and Redis servers, measures consumers with and without deduplication in turn, prints a table of
medians and writes bench/results.json. Takes about half an hour; the machine should have nothing else to do.

  --quick   measures everything in less than three minutes; the ratios are less exact
  --guard   measures only what must not get worse, in a minute; fails if a limit is exceeded twice in a row
  --json    for programs: prints the content of bench/results.json, or the findings of the guard, with ok; the text for
            people goes to standard error. npm run --silent bench -- --json prints nothing else
  --help

  RABBITMQ_URL, REDIS_URL   use these servers instead of private ones; that Redis database is emptied

Exit code 0 if the measurement succeeded and nothing got worse, 1 otherwise, 2 for wrong usage.`;

const resultsFile = path.join(root, 'bench/results.json');
/** @type {object} */
let document = {};
let progress = 'warming up';

function readOptions() {
  const flag = /** @type {const} */ ({ type: 'boolean' });
  const { values } = readArguments({ help, options: { quick: flag, guard: flag, json: flag } });
  if (values.quick && values.guard) wrongUse('Only one of --quick and --guard is allowed', help);
  return values;
}

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function bench(directory) {
  await prepareServers(directory);
  const [{ rabbitmqUrl, redisUrl }] = await Promise.all([startServers(directory), bootstrap(directory)]);
  const say = (/** @type {string} */ text) => {
    progress = text;
    print(dim(text));
  };
  const settings = { rabbitmqUrl, redisUrl, directory, say };
  return options.guard ? guard(settings) : measure(settings);
}

/**
 * @param {Settings} settings
 * @returns {Promise<number>}
 */
async function measure(settings) {
  const startedAt = Date.now();
  const { runBenchmark, caseTable, ratioTable } = loadBenchmark();
  const results = await showing(() => runBenchmark(options.quick ? 'quick' : 'full', settings));
  document = results;
  fs.writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  print(`\n${bold(results.machine)}\n\n${caseTable(results.cases)}\n\n${ratioTable(results.ratios)}\n`);
  print(dim(`${resultsFile}, after ${Math.round((Date.now() - startedAt) / 1_000)} s`));
  return EXIT.done;
}

/**
 * Measures a second time after a failure, because the machine may have been busy with something else.
 * @param {Settings} settings
 * @returns {Promise<number>}
 */
async function guard(settings) {
  const { runGuard } = loadBenchmark();
  for (let attempt = 1; attempt <= 2; attempt++) {
    const findings = await showing(() => runGuard(settings));
    document = { findings };
    for (const { name, value, limit } of findings) {
      print(`${value <= limit ? green('✓') : red('✗')} ${name}: ${value}, at most ${limit}`);
    }
    const worse = findings.filter(({ value, limit }) => value > limit);
    print(`\n${findings.length} limits, ${worse.length} exceeded`);
    if (worse.length === 0) return EXIT.done;
    if (attempt === 1) print('measuring again: the machine may have been busy with something else');
  }
  return EXIT.failed;
}

/**
 * @template T
 * @param {() => Promise<T>} work
 */
function showing(work) {
  return whileShowing(() => progress, work);
}

/** Loaded late, because its packages are installed by the bootstrap. */
function loadBenchmark() {
  const { runBenchmark } = require('../bench/run');
  const { runGuard } = require('../bench/guard');
  const { caseTable, ratioTable } = require('../bench/results');
  return { runBenchmark, runGuard, caseTable, ratioTable };
}

const options = readOptions();
void runCommand({
  kind: 'bench',
  title: 'Benchmark',
  work: bench,
  ...(options.json && { document: () => document }),
});
