'use strict';

const fs = require('node:fs');
const { isIPv6 } = require('node:net');
const path = require('node:path');
const { parseEnv } = require('node:util');
const { bootstrap, root } = require('./bootstrap');
const { messageOf } = require('./message-of');
const { prepareServers, startDatabase, startServers } = require('./services');
const { postgresql, serviceKinds } = require('./services/kinds');
const { onFreePorts } = require('./services/ports');
const { answersHttp, waitUntil } = require('./services/probes');
const { startProgram } = require('./services/programs');
const { print, yellow } = require('./terminal');

/** @typedef {import('./services/programs').Program} Program */
/** @typedef {import('./services').ServerUrls & { databaseUrl?: string | undefined }} SystemUrls `databaseUrl` is the ledger's */

const readyWithinMs = 60_000;
// Longer than the service's own SHUTDOWN_TIMEOUT of 25 s.
const serviceGraceMs = 30_000;
const sandboxGraceMs = 5_000;
/** What Node.js is called with, as in the Dockerfile. */
const serviceArguments = ['--enable-source-maps', '--max-semi-space-size=32', 'dist/main.js'];

/**
 * Prepares everything that the service needs: packages, build and servers.
 * @param {string} directory
 * @param {{ withLedger?: boolean }} [options] whether to start PostgreSQL, too, if that is possible
 * @returns {Promise<SystemUrls>}
 */
async function prepareSystem(directory, { withLedger = false } = {}) {
  const possible = await prepareServers(directory, serviceKinds, withLedger ? [postgresql] : []);
  const [urls, databaseUrl] = await Promise.all([
    startServers(directory),
    withLedger ? ledgerDatabase(directory, possible.includes(postgresql)) : undefined,
    bootstrap(directory),
  ]);
  return { ...urls, databaseUrl };
}

/**
 * @param {string} directory
 * @param {boolean} isPossible
 * @returns {Promise<string | undefined>} undefined if no private PostgreSQL can be started
 */
async function ledgerDatabase(directory, isPossible) {
  if (!isPossible) return noLedger('it is not installed');
  try {
    return await startDatabase(directory);
  } catch (error) {
    // The user expects a ledger in the database that the environment names.
    if (process.env[postgresql.variable]) throw error;
    return noLedger(messageOf(error).split('\n')[0] ?? '');
  }
}

/** @param {string} reason */
function noLedger(reason) {
  print(`${yellow('!')} The service runs without a ledger, because there is no PostgreSQL: ${reason}`);
  return undefined;
}

/**
 * Starts the gateway sandbox.
 * @param {{ directory: string, choosePort: () => Promise<number>, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<string>} its URL
 */
function startSandbox({ directory, choosePort, env = process.env }) {
  return onPort(choosePort, (port) => startSandboxOn(port, { directory, env }));
}

/**
 * Chooses the port as late as possible: a port that was free before the servers started may be in use when they are ready.
 * @template T
 * @param {() => Promise<number>} choosePort
 * @param {(port: number) => Promise<T>} start
 */
function onPort(choosePort, start) {
  return onFreePorts(
    async () => [await choosePort()],
    ([port = 0]) => start(port),
  );
}

/**
 * @param {number} port
 * @param {{ directory: string, env: NodeJS.ProcessEnv }} options
 */
async function startSandboxOn(port, { directory, env }) {
  const url = `http://127.0.0.1:${port}`;
  const journal = path.join(directory, 'gateway-journal.jsonl');
  const sandbox = startProgram({
    name: 'sandbox',
    command: process.execPath,
    args: ['dist/sandbox/main.js'],
    cwd: root,
    env: { ...env, SANDBOX_PORT: String(port), SANDBOX_JOURNAL: journal },
    directory,
    graceMs: sandboxGraceMs,
  });
  await untilAnswering(sandbox, { what: 'The gateway sandbox', address: `${url}/_sandbox/charges` });
  return url;
}

/**
 * @typedef {object} ServiceOptions
 * @property {string} directory
 * @property {() => Promise<number>} choosePort
 * @property {NodeJS.ProcessEnv} env its environment without the port
 * @property {import('./services/programs').ProgramOptions['output']} output
 * @property {string[]} [nodeArguments] more options of Node.js
 */

/**
 * Starts the service, and waits until it is ready to take payments.
 * @param {ServiceOptions} options
 * @returns {Promise<{ url: string, program: Program }>}
 */
function startService({ choosePort, ...options }) {
  return onPort(choosePort, (port) => startServiceOn(port, options));
}

/**
 * @param {number} port
 * @param {Omit<ServiceOptions, 'choosePort'>} options
 */
async function startServiceOn(port, { directory, env, output, nodeArguments = [] }) {
  const url = `http://${hostFor(env)}:${port}`;
  const program = startProgram({
    name: 'service',
    command: process.execPath,
    args: [...nodeArguments, ...serviceArguments],
    cwd: root,
    env: { ...env, PORT: String(port) },
    directory,
    output,
    graceMs: serviceGraceMs,
  });
  await untilAnswering(program, { what: 'The service', address: `${url}/health/ready` });
  return { url, program };
}

/**
 * @param {Program} program
 * @param {{ what: string, address: string }} target
 */
async function untilAnswering({ isRunning, log, stop }, { what, address }) {
  try {
    await waitUntil(() => answersHttp(address), { what, withinMs: readyWithinMs, isAlive: isRunning, log });
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/**
 * The variables with the URLs of the service's servers. Without a database there is no ledger, whatever the environment says.
 * @param {SystemUrls} urls
 * @returns {NodeJS.ProcessEnv}
 */
function serverVariables({ rabbitmqUrl, redisUrl, databaseUrl = '' }) {
  return { RABBITMQ_URL: rabbitmqUrl, REDIS_URL: redisUrl, DATABASE_URL: databaseUrl };
}

/**
 * The variables that make the service use a sandbox, with the sandbox's key instead of a real one.
 * @param {string} sandboxUrl
 * @returns {NodeJS.ProcessEnv}
 */
function sandboxVariables(sandboxUrl) {
  return { STRIPE_API_BASE: sandboxUrl, STRIPE_API_KEY: 'sk_test_sandbox' };
}

/**
 * The variables with which the sandbox sends webhooks to the service on this port, and the service accepts them.
 * @param {number} port
 * @returns {{ sandbox: NodeJS.ProcessEnv, service: NodeJS.ProcessEnv }}
 */
function webhookVariables(port) {
  const secrets = process.env.STRIPE_WEBHOOK_SECRET || 'whsec_sandbox_development';
  const [secret] = secrets.split(',');
  const url = `http://${hostFor(process.env)}:${port}/webhooks/stripe`;
  return {
    sandbox: { SANDBOX_WEBHOOK_URL: url, SANDBOX_WEBHOOK_SECRET: secret },
    service: { STRIPE_WEBHOOK_SECRET: secrets },
  };
}

/** The variables in `.env`; the service reads the same file. */
function settingsFile() {
  try {
    return parseEnv(fs.readFileSync(path.join(root, '.env'), 'utf8'));
  } catch {
    return {};
  }
}

/**
 * The address for requests to the service. An IP address if possible: `localhost` may be ::1, where nothing listens.
 * @param {NodeJS.ProcessEnv} env of the service
 */
function hostFor(env) {
  const host = env.HOST || settingsFile().HOST;
  if (!host || host === '0.0.0.0') return '127.0.0.1';
  return isIPv6(host) ? `[${host === '::' ? '::1' : host}]` : host;
}

/** The service's port according to the settings. */
function configuredPort() {
  return Number(process.env.PORT || settingsFile().PORT || 3000);
}

module.exports = {
  configuredPort,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  serviceArguments,
  settingsFile,
  startSandbox,
  startService,
  webhookVariables,
};
