'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { runCommand } = require('./run');
const { prepareServers, startServers } = require('./services');
const { bold, dim, print } = require('./terminal');

const help = `npm run bench: what deduplication costs, here and with others

Starts private RabbitMQ and Redis servers, measures consumers with and without deduplication in turn, prints a table of
medians and writes bench/results.json. Takes about half an hour; the machine should have nothing else to do.

  npm run bench -- --quick    everything once over in under three minutes; ratios are rougher

  RABBITMQ_URL, REDIS_URL     use these servers instead of private ones; that Redis database is emptied
`;

const resultsFile = path.join(root, 'bench/results.json');

/**
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function bench(directory) {
  const startedAt = Date.now();
  await prepareServers(directory);
  const [{ rabbitmqUrl, redisUrl }] = await Promise.all([startServers(directory), bootstrap(directory)]);
  // Only now are its packages surely there.
  const { runBenchmark, caseTable, ratioTable } = loadBenchmark();
  const extent = process.argv.includes('--quick') ? 'quick' : 'full';
  const say = (/** @type {string} */ text) => print(dim(text));
  const results = await runBenchmark(extent, { rabbitmqUrl, redisUrl, directory, say });
  fs.writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);
  print(`\n${bold(results.machine)}\n\n${caseTable(results.cases)}\n\n${ratioTable(results.ratios)}\n`);
  print(dim(`${resultsFile}, after ${Math.round((Date.now() - startedAt) / 1_000)} s`));
  return 0;
}

function loadBenchmark() {
  const { runBenchmark } = require('../bench/run');
  const { caseTable, ratioTable } = require('../bench/results');
  return { runBenchmark, caseTable, ratioTable };
}

if (process.argv.includes('--help')) print(help);
else void runCommand({ kind: 'bench', title: 'Benchmark', work: bench });
