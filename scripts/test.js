'use strict';

require('./node-version');
const fs = require('node:fs');
const path = require('node:path');
const { bootstrap, root } = require('./bootstrap');
const { EXIT, readArguments } = require('./command-line');
const { summaryOf } = require('./jest-summary');
const { runCommand } = require('./run');
const { prepareServers, startDatabase, startServers } = require('./services');
const { serviceKinds, testKinds } = require('./services/kinds');
const { startProgram } = require('./services/programs');
const { print } = require('./terminal');

const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const jestGraceMs = 5_000;

const help = `npm test: runs all tests, against private RabbitMQ, Redis, PostgreSQL, pgbouncer, NATS and Mosquitto

Installs and builds what is missing, starts the servers, runs Jest, and ends with a line that counts the tests:
"<n> passed, <n> failed".

  npm test -- e2e/in-progress          the files whose path contains this
  npm test -- --selectProjects unit    one of the projects unit and e2e
  npm test -- --help                   this text

All other options are passed to Jest; npx jest --help lists them. npm run test:e2e leaves the unit tests out.

  RABBITMQ_URL, REDIS_URL   use these servers instead of private ones; databases of that Redis are emptied
  DATABASE_URL              use this PostgreSQL; its user must be allowed to create databases
  PGBOUNCER_URL             use this pgbouncer for the databases of that PostgreSQL: in transaction mode, default_pool_size = 2
  NATS_URL, MQTT_URL        the same for the servers of the library's tests

Exit code 0 if all tests passed, 1 otherwise.`;

let lastLine = '';

/**
 * Runs all tests against private servers; arguments of the command are passed to Jest.
 * @param {string} directory
 * @returns {Promise<number>}
 */
async function test(directory) {
  await prepareServers(directory, [...serviceKinds, ...testKinds]);
  const [urls, databaseUrl] = await Promise.all([
    startServers(directory),
    startDatabase(directory),
    bootstrap(directory),
  ]);
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
      DATABASE_URL: databaseUrl,
    },
    directory,
    output: 'inherit',
    graceMs: jestGraceMs,
  });
  const { code } = await program.exited;
  // Jest writes no results if it only printed its help or could not start.
  if (fs.existsSync(results)) lastLine = summaryOf(fs.readFileSync(results, 'utf8'));
  return code ?? EXIT.failed;
}

// `--help` is the only option of this command itself.
if (process.argv.includes('--help')) readArguments({ help, options: {} });
void runCommand({
  kind: 'test',
  work: test,
  afterStop: () => {
    if (lastLine !== '') print(lastLine);
  },
});
