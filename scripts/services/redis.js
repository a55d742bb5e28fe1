'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findRedisServer } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersRedis } = require('./probes');
const { programHost, startServer } = require('./server');

/**
 * @typedef {object} RedisOptions
 * @property {string} directory where its data and log go; made when missing
 * @property {number} [port] a free one by default
 * @property {'always' | 'everysec' | 'no'} [appendFsync] default everysec, as Redis itself has it
 */

const image = 'redis:8';
const portInContainer = 6379;

/**
 * Starts a private Redis, as the service demands it: append-only, and nothing is ever evicted.
 * @param {RedisOptions} options
 * @returns {Promise<import('./server').Server>}
 */
async function startRedis({ directory, port, appendFsync = 'everysec' }) {
  fs.mkdirSync(directory, { recursive: true });
  return onFreePorts(
    async () => [port ?? (await freePort())],
    ([ownPort = 0]) => startOnPort({ directory, ownPort, appendFsync }),
  );
}

/** @param {{ directory: string, ownPort: number, appendFsync: string }} options */
function startOnPort({ directory, ownPort, appendFsync }) {
  const url = `redis://127.0.0.1:${ownPort}`;
  const settings = `--appendonly yes --appendfsync ${appendFsync} --maxmemory-policy noeviction --databases 64`;
  // An empty --save switches the snapshots off: the append-only file has everything.
  const args = [...settings.split(' '), '--save', ''];
  const command = findRedisServer();
  const host = command
    ? programHost({
        name: 'redis',
        command,
        args: ['--port', String(ownPort), '--bind', '127.0.0.1', '--dir', directory, ...args],
        directory,
      })
    : containerHost({
        name: 'redis',
        image,
        ports: { [portInContainer]: ownPort },
        args: ['redis-server', ...args],
        directory,
      });
  return startServer({ what: 'Redis', host, url, isReady: () => answersRedis(url) });
}

module.exports = { startRedis };
