'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { summaryOf } = require('./jest-summary');
const { runCommand } = require('./run');
const { prepareServers, startServers } = require('./services');
const { startProgram } = require('./services/programs');
const { print } = require('./terminal');

const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const jestGraceMs = 5_000;
let lastLine = '';

/**
 * Runs all tests against private servers; arguments of the command go to Jest.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function test(directory) {
  await prepareServers(directory);
  const [urls] = await Promise.all([startServers(directory), bootstrap(directory)]);
  const results = path.join(directory, 'jest-results.json');
  const program = startProgram({
    name: 'jest',
    command: process.execPath,
    args: [jest, '--json', `--outputFile=${results}`, ...process.argv.slice(2)],
    cwd: root,
    env: {
      ...process.env,
      RABBITMQ_URL: urls.rabbitmqUrl,
      RABBITMQ_MANAGEMENT_URL: urls.rabbitmqManagementUrl,
      REDIS_URL: urls.redisUrl,
    },
    directory,
    output: 'inherit',
    graceMs: jestGraceMs,
  });
  const { code } = await program.exited;
  // Jest writes none when it only printed its help, or could not even begin.
  if (fs.existsSync(results)) lastLine = summaryOf(fs.readFileSync(results, 'utf8'));
  return code ?? 1;
}

void runCommand({
  kind: 'test',
  work: test,
  farewell: () => {
    if (lastLine !== '') print(lastLine);
  },
});
