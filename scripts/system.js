'use strict';

const fs = require('node:fs');
const { isIPv6 } = require('node:net');
const path = require('node:path');
const { parseEnv } = require('node:util');
const { bootstrap, root } = require('./bootstrap');
const { prepareServers, startServers } = require('./services');
const { onFreePorts } = require('./services/ports');
const { answersHttp, waitUntil } = require('./services/probes');
const { startProgram } = require('./services/programs');

/** @typedef {import('./services/programs').Program} Program */
/** @typedef {import('./services').ServerUrls} ServerUrls */

const readyWithinMs = 60_000;
// Longer than the service's own SHUTDOWN_TIMEOUT of 25 s.
const serviceGraceMs = 30_000;
const sandboxGraceMs = 5_000;

/**
 * Does whatever is missing before the service can start: packages, build, and servers to talk to.
 * @param {string} directory
 * @returns {Promise<ServerUrls>}
 */
async function prepareSystem(directory) {
  await prepareServers(directory);
  const [urls] = await Promise.all([startServers(directory), bootstrap(directory)]);
  return urls;
}

/**
 * Starts the gateway's stand-in.
 * @param {{ directory: string, choosePort: () => Promise<number> }} options
 * @returns {Promise<string>} its URL
 */
function startSandbox({ directory, choosePort }) {
  return onPort(choosePort, (port) => startSandboxOn(port, directory));
}

/**
 * Asks for the port as late as it can: what was free when the servers were started may be taken when they are ready.
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
 * @param {string} directory
 */
async function startSandboxOn(port, directory) {
  const url = `http://127.0.0.1:${port}`;
  const journal = path.join(directory, 'gateway-journal.jsonl');
  const sandbox = startProgram({
    name: 'sandbox',
    command: process.execPath,
    args: ['dist/sandbox/main.js'],
    cwd: root,
    env: { ...process.env, SANDBOX_PORT: String(port), SANDBOX_JOURNAL: journal },
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
 * @property {NodeJS.ProcessEnv} env all of its environment but the port
 * @property {import('./services/programs').ProgramOptions['output']} output
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
async function startServiceOn(port, { directory, env, output }) {
  const url = `http://${hostFor(env)}:${port}`;
  const program = startProgram({
    name: 'service',
    command: process.execPath,
    args: ['--enable-source-maps', 'dist/main.js'],
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
 * The variables that tell the service where its servers are.
 * @param {ServerUrls} urls
 * @returns {NodeJS.ProcessEnv}
 */
function serverVariables({ rabbitmqUrl, redisUrl }) {
  return { RABBITMQ_URL: rabbitmqUrl, REDIS_URL: redisUrl };
}

/**
 * The variables that point the service to a sandbox, with the key that belongs to it instead of a real one.
 * @param {string} sandboxUrl
 * @returns {NodeJS.ProcessEnv}
 */
function sandboxVariables(sandboxUrl) {
  return { STRIPE_API_BASE: sandboxUrl, STRIPE_API_KEY: 'sk_test_sandbox' };
}

/** What `.env` says; the service reads the same file itself. */
function settingsFile() {
  try {
    return parseEnv(fs.readFileSync(path.join(root, '.env'), 'utf8'));
  } catch {
    return {};
  }
}

/**
 * Where the service is reached from here. A number wherever it can be one: `localhost` may be ::1, where nothing listens.
 * @param {NodeJS.ProcessEnv} env the service's
 */
function hostFor(env) {
  const host = env.HOST || settingsFile().HOST;
  if (!host || host === '0.0.0.0') return '127.0.0.1';
  return isIPv6(host) ? `[${host === '::' ? '::1' : host}]` : host;
}

/** The port that the settings ask the service to use. */
function configuredPort() {
  return Number(process.env.PORT || settingsFile().PORT || 3000);
}

module.exports = {
  configuredPort,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  settingsFile,
  startSandbox,
  startService,
};
