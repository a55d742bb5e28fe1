'use strict';

const { startProgram } = require('./programs');
const { waitUntil } = require('./probes');

/**
 * A private server. It ends with this process.
 * @typedef {object} Server
 * @property {string} url
 * @property {() => Promise<void>} stop finally: its data cannot be used again
 * @property {() => Promise<void>} kill at once, like a crash; `restart` starts it again with its data
 * @property {() => Promise<void>} restart on the same port, with the same data; if it runs, it is first stopped gracefully
 * @property {() => Promise<void>} freeze suspends it: connections stay open and nothing answers
 * @property {() => Promise<void>} thaw
 */

/**
 * Runs a server as a program on this machine or in a container.
 * @typedef {object} Host
 * @property {() => void | Promise<void>} start
 * @property {() => boolean | Promise<boolean>} isAlive
 * @property {() => Promise<void>} kill
 * @property {() => Promise<void>} end gracefully
 * @property {() => Promise<void>} remove
 * @property {() => void | Promise<void>} freeze
 * @property {() => void | Promise<void>} thaw
 * @property {() => string} log
 */

const endWithinMs = 30_000;
const readyWithinMs = 120_000;

/**
 * @param {import('./programs').ProgramOptions} options
 * @returns {Host & { pid: () => number | undefined }} `pid` is undefined while it does not run
 */
function programHost(options) {
  /** @type {import('./programs').Program | undefined} */
  let program;
  const kill = async () => {
    await program?.stop(0);
  };
  return {
    start: () => {
      program = startProgram(options);
    },
    pid: () => (program?.isRunning() ? program.pid : undefined),
    isAlive: () => program?.isRunning() ?? false,
    kill,
    end: async () => {
      await program?.stop(endWithinMs);
    },
    // A graceful stop takes RabbitMQ seven seconds and saves data that is not needed any more.
    remove: kill,
    freeze: () => program?.signal('SIGSTOP'),
    thaw: () => program?.signal('SIGCONT'),
    log: () => program?.log() ?? '',
  };
}

/**
 * Starts a server and waits until it is ready.
 * @param {{ what: string, host: Host, url: string, isReady: () => Promise<boolean> }} options
 * @returns {Promise<Server>}
 */
async function startServer({ what, host, url, isReady }) {
  const { isAlive, log } = host;
  const start = async () => {
    await host.start();
    await waitUntil(isReady, { what, withinMs: readyWithinMs, isAlive, log });
  };
  try {
    await start();
  } catch (error) {
    await host.remove();
    throw error;
  }
  const restart = async () => {
    await host.end();
    await start();
  };
  return {
    url,
    stop: host.remove,
    kill: host.kill,
    restart,
    freeze: async () => host.freeze(),
    thaw: async () => host.thaw(),
  };
}

module.exports = { programHost, startServer };
