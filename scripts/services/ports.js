'use strict';

const { createServer } = require('node:net');

// Below the ports that Linux and macOS use for outgoing connections: otherwise a client that reconnects repeatedly could
// get the port of the server that it waits for.
const firstPort = 20_000;
const lastPort = 32_000;

/**
 * @param {number} port
 * @param {string} [host] default: all interfaces
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
 * Whether no program listens on this port, on any interface.
 * @param {number} port
 */
async function isPortFree(port) {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port));
}

/**
 * Different free ports of this machine.
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

/** One free port of this machine. */
async function freePort() {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * This port if it is free, otherwise another one.
 * @param {number} wanted
 */
async function portNear(wanted) {
  return (await isPortFree(wanted)) ? wanted : freePort();
}

// One port may be taken meanwhile by chance; five in a row have another cause.
const attempts = 5;

/**
 * Chooses ports and immediately starts the program that listens on them. If another program takes one in between, other
 * ports are chosen.
 * @template T
 * @param {() => Promise<number[]>} choose
 * @param {(ports: number[]) => Promise<T>} start must clean up before it fails
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

/** How programs report that a port is in use; each has its own wording, and some report it only in their logs. */
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
