'use strict';

const { execFile } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { promisify } = require('node:util');
const { guardWith } = require('./guard');
const { forget, remember } = require('./leftovers');
const { assertMayStart, register, unregister } = require('./running');

const run = promisify(execFile);
const engineAnswersWithinMs = 5_000;

/**
 * @typedef {object} ContainerOptions
 * @property {string} name
 * @property {string} image
 * @property {Record<string, number>} ports maps the port in the container to the one on this machine's loopback interface
 * @property {Record<string, string>} [env]
 * @property {string[]} [args]
 * @property {string} directory where the container is noted for a later run
 */

/** @param {string[]} args */
async function docker(...args) {
  const { stdout } = await run('docker', args);
  return stdout.trim();
}

/** Whether a container engine answers. */
async function hasContainers() {
  try {
    await run('docker', ['info'], { timeout: engineAnswersWithinMs });
    return true;
  } catch {
    return false;
  }
}

/**
 * A server in a container, which keeps its data between starts and is removed when this process ends.
 * @param {ContainerOptions} options
 * @returns {import('./server').Host}
 */
function containerHost({ name, image, ports, env = {}, args = [], directory }) {
  const container = `payment-consumer-${name}-${randomUUID().slice(0, 8)}`;
  const published = Object.entries(ports).flatMap(([inside, outside]) => [
    '-p',
    `127.0.0.1:${outside}:${inside}`,
  ]);
  const variables = Object.entries(env).flatMap(([variable, value]) => ['-e', `${variable}=${value}`]);
  const removal = ['rm', '--force', '--volumes', container];
  /** @type {import('./guard').Guard | undefined} */
  let guard;
  let log = '';

  const create = async () => {
    assertMayStart(name);
    remember(directory, name, { kind: 'container', name: container });
    guard = guardWith(['docker', ...removal]);
    register(registered);
    await docker('run', '--detach', '--name', container, ...published, ...variables, image, ...args);
  };
  const remove = async () => {
    await docker(...removal).catch(() => undefined);
    guard?.release();
    forget(directory, name);
    unregister(registered);
  };
  const registered = { name, stop: remove };
  return {
    start: async () => {
      await (guard ? docker('start', container) : create());
    },
    isAlive: async () => {
      log = await docker('logs', '--tail', '25', container).catch(() => log);
      return (await docker('inspect', '--format', '{{.State.Running}}', container)) === 'true';
    },
    kill: async () => {
      await docker('kill', container);
    },
    end: async () => {
      await docker('stop', container);
    },
    remove,
    freeze: async () => {
      await docker('pause', container);
    },
    thaw: async () => {
      await docker('unpause', container);
    },
    log: () => log,
  };
}

module.exports = { containerHost, hasContainers };
