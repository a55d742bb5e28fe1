'use strict';

const { createServer } = require('node:net');

// Below the ports that Linux and macOS hand out for outgoing connections: a client that reconnects again and again
// could otherwise be given the very port of the server that it waits for.
const firstPort = 20_000;
const lastPort = 32_000;

/**
 * @param {number} port
 * @param {string} [host] all interfaces when left out
 * @returns {Promise<boolean>}
 */
function canListen(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Whether nobody listens on this port, on any interface.
 * @param {number} port
 */
async function isPortFree(port) {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port));
}

/**
 * Ports of this machine that nobody listens on, all different.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
async function freePorts(count) {
  /** @type {Set<number>} */
  const found = new Set();
  while (found.size < count) {
    const candidate = firstPort + Math.floor(Math.random() * (lastPort - firstPort));
    if (await isPortFree(candidate)) found.add(candidate);
  }
  return [...found];
}

/** One port of this machine that nobody listens on. */
async function freePort() {
  const [port = 0] = await freePorts(1);
  return port;
}

module.exports = { freePort, freePorts, isPortFree };
