'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { GUARDED, needsDatabase, selected } = require('../bench/groups');
const { bootstrap, root } = require('./bootstrap');
const { EXIT, readArguments, wrongUse } = require('./command-line');
const { runCommand } = require('./run');
const { prepareServers, startDatabase, startServers } = require('./services');
const { postgresql, serviceKinds } = require('./services/kinds');
const { bold, dim, green, print, red, whileShowing } = require('./terminal');

/** @typedef {import('../bench/run').Settings} Settings */

const help = `npm run bench: measures the cost of deduplication, here and in other implementations

Starts private servers and measures in turn, with and without deduplication: the whole service beside a hand-written
consumer, with and without its ledger, the engine beside other libraries, NestJS handlers, and the engine on PostgreSQL beside hand-written SQL and DBOS.
Prints a table of medians with the CPU time of consumer and servers, and of ratios with their lowest and highest value;
writes bench/results.json and bench/results.csv. Takes about half an hour; the machine should have nothing else to do.

  --quick            measures every ratio in less than three minutes; they are less exact
  --guard            measures only what must not get worse, in a minute; fails if a limit is exceeded twice in a row
  --only CASE        measures only the case with this name, or all cases whose names contain the text, and writes no
                     file; with --quick, fewer messages. Example: --only 'engine, new keys: ours'
  --cpu-prof FOLDER  with --only: each consumer, such as dist/main.js, writes a CPU profile of its whole life to this folder;
                     the profiler makes it slower
  --json             for programs: prints the content of bench/results.json, or the findings of the guard, with ok; the text
                     for people goes to standard error. npm run --silent bench -- --json prints nothing else
  --help

  RABBITMQ_URL, REDIS_URL   use these servers instead of private ones; that Redis database is emptied. The service is
                            measured in virtual hosts, which RabbitMQ's management API creates (RABBITMQ_MANAGEMENT_URL)
  DATABASE_URL              use this PostgreSQL; its user must be allowed to create databases

Another version of Node.js: npx -y -p node@24 npm run bench -- --quick

Exit code 0 if the measurement succeeded and nothing got worse, 1 otherwise, 2 for wrong usage.`;

const resultsFile = path.join(root, 'bench/results.json');
const casesFile = path.join(root, 'bench/results.csv');
/** @type {object} */
let document = {};
let progress = 'warming up';

function readOptions() {
  const flag = /** @type {const} */ ({ type: 'boolean' });
  const text = /** @type {const} */ ({ type: 'string' });
  const allowed = { quick: flag, guard: flag, only: text, 'cpu-prof': text, json: flag };
  const { values } = readArguments({ help, options: allowed });
  const { quick, guard, only: cases, 'cpu-prof': profiles } = values;
  if (quick && guard) wrongUse('Only one of --quick and --guard is allowed', help);
  if (guard && cases !== undefined) wrongUse('Only one of --guard and --only is allowed', help);
  if (profiles !== undefined && cases === undefined) wrongUse('--cpu-prof needs --only', help);
  /** @type {'quick' | 'full'} */
  const extent = quick ? 'quick' : 'full';
  const groups = guard ? GUARDED : selected(extent, cases);
  if (groups.length === 0) wrongUse(`--only: no case has a name that contains '${cases}'`, help);
  return { extent, guard, cases, withDatabase: groups.some(needsDatabase), profiles, json: values.json };
}

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function bench(directory) {
  const { withDatabase } = options;
  await prepareServers(directory, withDatabase ? [...serviceKinds, postgresql] : serviceKinds);
  const [servers, databaseUrl] = await Promise.all([
    startServers(directory),
    withDatabase ? startDatabase(directory) : undefined,
    bootstrap(directory),
  ]);
  const say = (/** @type {string} */ text) => {
    progress = text;
    print(dim(text));
  };
  const settings = { ...servers, databaseUrl, directory, say };
  if (options.cases !== undefined) return measureCases(settings, options.cases);
  return options.guard ? guard(settings) : measure(settings);
}

/**
 * @param {Settings} settings
 * @returns {Promise<number>}
 */
async function measure(settings) {
  const startedAt = Date.now();
  const { runBenchmark, csvOf } = loadBenchmark();
  const results = await showing(() => runBenchmark(options.extent, settings));
  fs.writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  fs.writeFileSync(casesFile, csvOf(results));
  printResults(results);
  print(dim(`${resultsFile}, after ${Math.round((Date.now() - startedAt) / 1_000)} s`));
  return EXIT.done;
}

/**
 * @param {Settings} settings
 * @param {string} cases
 * @returns {Promise<number>}
 */
async function measureCases(settings, cases) {
  const { runCases } = loadBenchmark();
  const { extent, profiles } = options;
  const nodeArguments =
    profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(profiles)}`];
  printResults(await showing(() => runCases(extent, { ...settings, nodeArguments, cases })));
  return EXIT.done;
}

/** @param {import('../bench/results').Results} results */
function printResults(results) {
  const { caseTable, ratioTable } = loadBenchmark();
  document = results;
  print(`\n${bold(results.machine)}\n\n${caseTable(results.cases)}\n`);
  if (Object.keys(results.ratios).length > 0) print(`${ratioTable(results)}\n`);
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
  const { runBenchmark, runCases } = require('../bench/run');
  const { runGuard } = require('../bench/guard');
  const { csvOf } = require('../bench/results');
  const { caseTable, ratioTable } = require('../bench/tables');
  return { runBenchmark, runCases, runGuard, csvOf, caseTable, ratioTable };
}

const options = readOptions();
void runCommand({
  kind: 'bench',
  title: 'Benchmark',
  work: bench,
  ...(options.json && { document: () => document }),
});
