'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { parseEnv } = require('node:util');
const { bootstrap, root } = require('./bootstrap');
const { prepareServers, startServers } = require('./services');
const { freePort, isPortFree } = require('./services/ports');
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
 * @param {{ directory: string, port: number }} options
 * @returns {Promise<string>} its URL
 */
async function startSandbox({ directory, port }) {
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
 * Starts the service, and waits until it is ready to take payments.
 * @param {object} options
 * @param {string} options.directory
 * @param {number} options.port
 * @param {NodeJS.ProcessEnv} options.env all of its environment but the port
 * @param {import('./services/programs').ProgramOptions['output']} options.output
 * @returns {Promise<{ url: string, program: Program }>}
 */
async function startService({ directory, port, env, output }) {
  const url = `http://127.0.0.1:${port}`;
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
async function untilAnswering({ isRunning, log }, { what, address }) {
  await waitUntil(() => answersHttp(address), { what, withinMs: readyWithinMs, isAlive: isRunning, log });
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
 * This port when it is free, else another one.
 * @param {number} wanted
 */
async function portNear(wanted) {
  return (await isPortFree(wanted)) ? wanted : freePort();
}

/** The port that the settings ask the service to use. */
function configuredPort() {
  return Number(process.env.PORT || settingsFile().PORT || 3000);
}

module.exports = {
  configuredPort,
  portNear,
  prepareSystem,
  sandboxVariables,
  serverVariables,
  settingsFile,
  startSandbox,
  startService,
};
