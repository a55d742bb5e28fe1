'use strict';

const fs = require('node:fs');
const { containerHost } = require('./containers');
const { findRedisServer } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersRedis } = require('./probes');
const { programHost, startServer } = require('./server');

/**
 * @typedef {object} RedisOptions
 * @property {string} directory for its data and log; created if missing
 * @property {number} [port] default: a free one
 * @property {'always' | 'everysec' | 'no'} [appendFsync] default everysec, like Redis itself
 */

const image = 'redis:8';
const portInContainer = 6379;

/**
 * Starts a private Redis with the settings that the service requires: append-only and without eviction.
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
  // An empty --save switches snapshots off: the append-only file is enough.
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
