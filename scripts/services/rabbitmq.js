'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findProgram, findRabbitmqServer } = require('./machine');
const { freePorts, onFreePorts } = require('./ports');
const { answersAmqp, answersHttp } = require('./probes');
const { startProgram } = require('./programs');
const { settingsFor } = require('./rabbitmq-settings');
const { programHost, startServer } = require('./server');

/**
 * @typedef {object} RabbitmqOptions
 * @property {string} directory for its data and logs; created if missing
 * @property {number} [port] default: a free one
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
  return onFreePorts(
    async () => {
      const [amqpPort = 0, ...others] = await freePorts(4);
      return [port ?? amqpPort, ...others];
    },
    (ports) => startOnPorts(directory, ports),
  );
}

/**
 * @param {string} directory
 * @param {number[]} ports
 * @returns {Promise<RabbitmqServer>}
 */
async function startOnPorts(
  directory,
  [amqpPort = 0, managementPort = 0, nameServerPort = 0, clusterPort = 0],
) {
  const url = `amqp://guest:guest@127.0.0.1:${amqpPort}`;
  const managementUrl = `http://guest:guest@127.0.0.1:${managementPort}`;
  const overview = `http://127.0.0.1:${managementPort}/api/overview`;
  const command = findRabbitmqServer();
  const host = command
    ? brokerHost({ command, directory, amqpPort, managementPort, nameServerPort, clusterPort })
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
 * RabbitMQ as a program on this machine, with its own Erlang name server. Otherwise RabbitMQ would start one that keeps
 * running after RabbitMQ has ended.
 * @param {{ command: string } & import('./rabbitmq-settings').Place} options
 * @returns {import('./server').Host}
 */
function brokerHost({ command, ...place }) {
  const { directory, nameServerPort } = place;
  const env = settingsFor(place);
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
