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

/**
 * This port when it is free, else another one.
 * @param {number} wanted
 */
async function portNear(wanted) {
  return (await isPortFree(wanted)) ? wanted : freePort();
}

// One port that is taken meanwhile is bad luck; five in a row have another cause.
const attempts = 5;

/**
 * Chooses ports and starts at once what listens on them. Another program may take one in between all the same; then
 * others are chosen.
 * @template T
 * @param {() => Promise<number[]>} choose
 * @param {(ports: number[]) => Promise<T>} start has ended what it began when it fails
 * @returns {Promise<T>}
 */
async function onFreePorts(choose, start) {
  for (let left = attempts - 1; ; left--) {
    const ports = await choose();
    try {
      return await start(ports);
    } catch (error) {
      if (left === 0 || !(await wereTaken(ports, error))) throw error;
    }
  }
}

/** Whether it was for a port: the programs say it each in its own way, and not all of them here. */
const taken = /EADDRINUSE|address (is )?already in use|port is already allocated/i;

/**
 * @param {number[]} ports
 * @param {unknown} error
 */
async function wereTaken(ports, error) {
  if (error instanceof Error && taken.test(error.message)) return true;
  const free = await Promise.all(ports.map(isPortFree));
  return free.includes(false);
}

module.exports = { freePort, freePorts, isPortFree, onFreePorts, portNear };
