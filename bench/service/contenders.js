'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { connect } = require('amqplib');
const { freePort } = require('../../scripts/services/ports');
const { startProgram } = require('../../scripts/services/programs');
const { sandboxVariables, serverVariables, startSandbox, startService } = require('../../scripts/system');
const { Backlog } = require('./backlog');
const { ContenderDatabase } = require('./database');
const { RECEIPTS_QUEUE, QUEUE, declare } = require('./topology');

/** @typedef {import('../comparison').Bench} Bench */
/** @typedef {import('../comparison').Contender} Contender */
/** @typedef {import('../groups').Group} Group */
/** @typedef {import('../../scripts/services/programs').Program} Program */

/**
 * @typedef {object} Start
 * @property {string} directory
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} nodeArguments
 */

/**
 * @typedef {object} ServiceVariant
 * @property {(start: Start) => Promise<Program>} start
 * @property {string[]} queues that are empty when all is done
 * @property {boolean} [hasOutbox] whether events wait in the database, if there is one
 */

/** Nothing listens there, and nothing needs to: the messages of the benchmark ask for no receipt. */
const MAIL_SERVER = { SMTP_URL: 'smtp://127.0.0.1:9', RECEIPT_FROM: 'receipts@localhost' };

/** @type {Record<string, ServiceVariant>} */
const variants = {
  'hand-written': { start: startHandWritten, queues: [QUEUE] },
  ours: { start: (start) => startOurs(start, { SMTP_URL: '' }), queues: [QUEUE], hasOutbox: true },
  // Each charge publishes an event, which the service's second subscriber takes.
  'ours with receipts': {
    start: (start) => startOurs(start, MAIL_SERVER),
    queues: [QUEUE, RECEIPTS_QUEUE],
    hasOutbox: true,
  },
};

/**
 * The whole service in production mode and the hand-written consumer, each in a virtual host of its own, with one gateway.
 * @param {Bench} bench
 * @param {Group} group
 * @returns {Promise<Contender[]>}
 */
async function openServiceContenders(bench, { name, variants: names, setting, withLedger = false }) {
  const directory = folder(bench.directory, name);
  const gatewayUrl = await startSandbox({
    directory,
    choosePort: freePort,
    env: { ...process.env, SANDBOX_LATENCY_MS: String(setting.gatewayMs) },
  });
  return Promise.all(
    names.map((variant) =>
      open(bench, { variant, directory: folder(directory, variant), gatewayUrl, setting, withLedger }),
    ),
  );
}

/**
 * @param {Bench} bench
 * @param {object} options
 * @param {string} options.variant
 * @param {string} options.directory
 * @param {string} options.gatewayUrl
 * @param {Group['setting']} options.setting
 * @param {boolean} options.withLedger
 * @returns {Promise<Contender>}
 */
async function open(bench, { variant, directory, gatewayUrl, setting, withLedger }) {
  const found = variants[variant];
  if (!found)
    throw new Error(`unknown variant '${variant}'; the variants are ${Object.keys(variants).join(', ')}`);
  const vhost = `bench-${variant.replaceAll(' ', '-')}`;
  await bench.management.createVhost(vhost);
  const rabbitmqUrl = onVhost(bench.rabbitmqUrl, vhost);
  const connection = await connect(rabbitmqUrl);
  // If the benchmark fails, the broker is stopped while the connection is open; other errors fail the next call.
  connection.on('error', () => undefined);
  const channel = await connection.createConfirmChannel();
  if (variant === 'hand-written') await declare(channel);
  const database = withLedger ? await ContenderDatabase.create(bench.postgresServer, vhost) : undefined;
  const { redisUrl } = bench;
  const env = {
    ...process.env,
    ...serverVariables({ rabbitmqUrl, rabbitmqManagementUrl: '', redisUrl, databaseUrl: database?.url }),
    ...sandboxVariables(gatewayUrl),
    RABBITMQ_PREFETCH: String(setting.prefetch),
  };
  const program = await found.start({ directory, env, nodeArguments: bench.nodeArguments });
  const waitingEvents = async () => (found.hasOutbox && (await database?.waitingEvents())) || 0;
  const backlog = new Backlog(channel, found.queues, waitingEvents);
  await backlog.untilConsumed(program);
  return {
    variant,
    measure: (keys) => backlog.measure(bench, { program, keys, setting }),
    close: async () => {
      await program.stop();
      await connection.close();
      await bench.management.deleteVhost(vhost);
      await database?.drop();
    },
  };
}

/** @param {Start} start */
async function startHandWritten({ directory, env, nodeArguments }) {
  const args = [...nodeArguments, path.join(__dirname, 'hand-written.js')];
  return startProgram({
    name: 'hand-written',
    command: process.execPath,
    args,
    env: { ...env, NODE_ENV: 'production' },
    directory,
    graceMs: 5_000,
  });
}

/**
 * @param {Start} start
 * @param {NodeJS.ProcessEnv} variables
 */
async function startOurs({ directory, env, nodeArguments }, variables) {
  const production = { NODE_ENV: 'production', APP_ROLES: 'consumer', HOST: '127.0.0.1', LOG_LEVEL: 'info' };
  const { program } = await startService({
    directory,
    choosePort: freePort,
    env: { ...env, ...production, ...variables },
    output: 'log',
    nodeArguments,
  });
  return program;
}

/**
 * @param {string} directory
 * @param {string} name
 */
function folder(directory, name) {
  const inside = path.join(directory, name.replaceAll(' ', '-'));
  fs.mkdirSync(inside, { recursive: true });
  return inside;
}

/**
 * @param {string} url
 * @param {string} vhost
 */
function onVhost(url, vhost) {
  const own = new URL(url);
  own.pathname = `/${vhost}`;
  return own.href;
}

module.exports = { openServiceContenders };
