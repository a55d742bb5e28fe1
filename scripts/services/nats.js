'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findNatsServer } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersNats } = require('./probes');
const { programHost, startServer } = require('./server');

const name = 'nats';
const image = 'nats:2';
const portInContainer = 4222;

/**
 * Starts a private NATS server, without JetStream.
 * @param {string} directory for its log; created if missing
 * @returns {Promise<import('./server').Server>}
 */
async function startNats(directory) {
  fs.mkdirSync(directory, { recursive: true });
  return onFreePorts(
    async () => [await freePort()],
    ([port = 0]) => startOnPort(directory, port),
  );
}

/**
 * @param {string} directory
 * @param {number} port
 */
function startOnPort(directory, port) {
  const url = `nats://127.0.0.1:${port}`;
  const command = findNatsServer();
  const host = command
    ? programHost({ name, command, args: ['--addr', '127.0.0.1', '--port', String(port)], directory })
    : containerHost({ name, image, ports: { [portInContainer]: port }, args: [], directory });
  return startServer({ what: 'NATS', host, url, isReady: () => answersNats(url) });
}

module.exports = { startNats };
