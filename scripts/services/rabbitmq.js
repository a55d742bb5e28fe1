'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findProgram, findRabbitmqServer } = require('./machine');
const { freePorts } = require('./ports');
const { answersAmqp, answersHttp } = require('./probes');
const { startProgram } = require('./programs');
const { settingsFor } = require('./rabbitmq-settings');
const { programHost, startServer } = require('./server');

/**
 * @typedef {object} RabbitmqOptions
 * @property {string} directory where its data and logs go; made when missing
 * @property {number} [port] a free one by default
 */

/** @typedef {import('./server').Server & { managementUrl: string }} RabbitmqServer */

const image = 'rabbitmq:4-management';
const guest = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` };

/**
 * Starts a private RabbitMQ with its management API.
 * @param {RabbitmqOptions} options
 * @returns {Promise<RabbitmqServer>}
 */
async function startRabbitmq({ directory, port }) {
  fs.mkdirSync(directory, { recursive: true });
  const [freeAmqpPort = 0, managementPort = 0] = await freePorts(2);
  const amqpPort = port ?? freeAmqpPort;
  const url = `amqp://guest:guest@127.0.0.1:${amqpPort}`;
  const managementUrl = `http://guest:guest@127.0.0.1:${managementPort}`;
  const overview = `http://127.0.0.1:${managementPort}/api/overview`;
  const command = findRabbitmqServer();
  const host = command
    ? await brokerHost({ command, directory, amqpPort, managementPort })
    : containerHost({ name: 'rabbitmq', image, ports: { 5672: amqpPort, 15672: managementPort }, directory });
  const server = await startServer({
    what: 'RabbitMQ',
    host,
    url,
    isReady: async () => (await answersAmqp(url)) && (await answersHttp(overview, guest)),
  });
  return { ...server, managementUrl };
}

/**
 * RabbitMQ as a program of this machine, with an Erlang name server of its own. RabbitMQ would start one by itself,
 * but that one would outlive it.
 * @param {{ command: string, directory: string, amqpPort: number, managementPort: number }} options
 * @returns {Promise<import('./server').Host>}
 */
async function brokerHost({ command, directory, amqpPort, managementPort }) {
  const [nameServerPort = 0, clusterPort = 0] = await freePorts(2);
  const env = settingsFor({ directory, amqpPort, managementPort, nameServerPort, clusterPort });
  const nameServer = startProgram({
    name: 'erlang-names',
    command: findProgram('epmd') ?? 'epmd',
    args: ['-port', String(nameServerPort), '-address', '127.0.0.1'],
    env,
    directory,
  });
  const host = programHost({ name: 'rabbitmq', command, env, cwd: directory, directory });
  const remove = async () => {
    await host.remove();
    await nameServer.stop();
  };
  return { ...host, remove };
}

module.exports = { startRabbitmq };
