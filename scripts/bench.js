'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { runCommand } = require('./run');
const { prepareServers, startServers } = require('./services');
const { bold, dim, green, print, red } = require('./terminal');

/** @typedef {import('../bench/run').Settings} Settings */

const help = `npm run bench: what deduplication costs, here and with others

Starts private RabbitMQ and Redis servers, measures consumers with and without deduplication in turn, prints a table of
medians and writes bench/results.json. Takes about half an hour; the machine should have nothing else to do.

  npm run bench -- --quick    everything once over in under three minutes; ratios are rougher
  npm run bench -- --guard    only what must not get worse, in a minute; exit code 1 when it has, twice in a row

  RABBITMQ_URL, REDIS_URL     use these servers instead of private ones; that Redis database is emptied
`;

const resultsFile = path.join(root, 'bench/results.json');

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function bench(directory) {
  await prepareServers(directory);
  const [{ rabbitmqUrl, redisUrl }] = await Promise.all([startServers(directory), bootstrap(directory)]);
  const say = (/** @type {string} */ text) => print(dim(text));
  const settings = { rabbitmqUrl, redisUrl, directory, say };
  return process.argv.includes('--guard') ? guard(settings) : measure(settings);
}

/**
 * @param {Settings} settings
 * @returns {Promise<number>}
 */
async function measure(settings) {
  const startedAt = Date.now();
  const { runBenchmark, caseTable, ratioTable } = loadBenchmark();
  const results = await runBenchmark(process.argv.includes('--quick') ? 'quick' : 'full', settings);
  fs.writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  print(`\n${bold(results.machine)}\n\n${caseTable(results.cases)}\n\n${ratioTable(results.ratios)}\n`);
  print(dim(`${resultsFile}, after ${Math.round((Date.now() - startedAt) / 1_000)} s`));
  return 0;
}

/**
 * A machine that is busy with something else at the wrong moment gets a second chance.
 * @param {Settings} settings
 * @returns {Promise<number>}
 */
async function guard(settings) {
  const { runGuard } = loadBenchmark();
  for (let attempt = 1; attempt <= 2; attempt++) {
    const findings = await runGuard(settings);
    for (const { name, value, limit } of findings) {
      print(`${value <= limit ? green('✓') : red('✗')} ${name}: ${value}, at most ${limit}`);
    }
    if (findings.every(({ value, limit }) => value <= limit)) return 0;
  }
  return 1;
}

/** Its packages are there only when the bootstrap is through. */
function loadBenchmark() {
  const { runBenchmark } = require('../bench/run');
  const { runGuard } = require('../bench/guard');
  const { caseTable, ratioTable } = require('../bench/results');
  return { runBenchmark, runGuard, caseTable, ratioTable };
}

if (process.argv.includes('--help')) print(help);
else void runCommand({ kind: 'bench', title: 'Benchmark', work: bench });
