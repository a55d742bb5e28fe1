'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { findProgram, findRedisServer } = require('../scripts/services/machine');
const { freePorts } = require('../scripts/services/ports');
const { answersRedis, waitUntil } = require('../scripts/services/probes');
const { runProgram, startProgram } = require('../scripts/services/programs');
const { RedisServers } = require('./redis-servers');

const PRIMARIES = 3;
const READY_WITHIN_MS = 30_000;

/**
 * Starts a private Redis Cluster of three primaries without replicas; undefined if Redis is not installed on this machine.
 * @param {string} directory
 * @returns {Promise<RedisServers | undefined>}
 */
async function startRedisCluster(directory) {
  const [server, cli] = [findRedisServer(), findProgram('redis-cli')];
  if (!server || !cli) return undefined;
  const ports = await freePorts(2 * PRIMARIES);
  const own = ports.slice(0, PRIMARIES);
  for (const [index, port] of own.entries()) {
    await startNode(server, { port, busPort: ports[PRIMARIES + index] ?? 0, directory });
  }
  const addresses = own.map((port) => `127.0.0.1:${port}`);
  const args = ['--cluster', 'create', ...addresses, '--cluster-yes'];
  await runProgram({ name: 'redis-cli', command: cli, args, directory });
  const servers = new RedisServers(own.map((port) => `redis://127.0.0.1:${port}`).join(','));
  await waitUntil(() => isWhole(servers), {
    what: 'The Redis Cluster',
    withinMs: READY_WITHIN_MS,
    isAlive: () => true,
    log: () => '',
  });
  return servers;
}

/**
 * @param {string} command
 * @param {{ port: number, busPort: number, directory: string }} options
 */
async function startNode(command, { port, busPort, directory }) {
  const inside = path.join(directory, `redis-${port}`);
  fs.mkdirSync(inside, { recursive: true });
  const settings =
    `--port ${port} --bind 127.0.0.1 --cluster-enabled yes --cluster-port ${busPort} ` +
    '--appendonly yes --appendfsync everysec --maxmemory-policy noeviction';
  const args = [...settings.split(' '), '--dir', inside, '--save', ''];
  const node = startProgram({ name: 'redis', command, args, directory: inside });
  await waitUntil(() => answersRedis(`redis://127.0.0.1:${port}`), {
    what: `Redis on port ${port}`,
    withinMs: READY_WITHIN_MS,
    isAlive: node.isRunning,
    log: node.log,
  });
}

/** @param {RedisServers} servers */
async function isWhole({ nodes }) {
  const states = await Promise.all(nodes.map((node) => node.cluster('INFO')));
  return states.every((state) => String(state).includes('cluster_state:ok'));
}

module.exports = { startRedisCluster };
