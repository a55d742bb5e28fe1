'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { findPgbouncer } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersPostgresql } = require('./probes');
const { programHost, startServer } = require('./server');
const { dataFolder, unprivilegedUser } = require('./unprivileged');

/**
 * @typedef {object} PgbouncerOptions
 * @property {string} directory for its configuration and log; created if missing
 * @property {string} databaseUrl the PostgreSQL behind it: it passes on each of its databases, and uses this URL's user
 * @property {number} poolSize how many connections to each database all clients share
 */

/** From here on it can keep prepared statements for its clients. */
const firstVersionWithStatements = 21;

/**
 * Starts a private pgbouncer in transaction mode: each transaction of a client may get another connection, so nothing of a
 * session is kept. It listens on this machine's loopback interface only and asks for no password. There is no container for
 * it, because a private PostgreSQL does not listen to containers.
 * @param {PgbouncerOptions} options
 * @returns {Promise<import('./server').Server>} its URL has the database of `databaseUrl`
 */
async function startPgbouncer({ directory, databaseUrl, poolSize }) {
  const command = findPgbouncer();
  if (!command) throw new Error('pgbouncer is not installed.');
  fs.mkdirSync(directory, { recursive: true });
  return onFreePorts(
    async () => [await freePort()],
    ([port = 0]) => startOnPort({ command, directory, databaseUrl, poolSize, port }),
  );
}

/** @param {PgbouncerOptions & { command: string, port: number }} options */
async function startOnPort({ command, directory, databaseUrl, poolSize, port }) {
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  const user = unprivilegedUser();
  const data = dataFolder(directory, user);
  const file = path.join(data.path, 'pgbouncer.ini');
  fs.writeFileSync(file, configuration({ databaseUrl, poolSize, port, version: versionOf(command) }));
  if (user) fs.chownSync(file, user.uid, user.gid);
  const host = programHost({
    name: 'pgbouncer',
    command,
    args: [file],
    cwd: data.path,
    user,
    directory,
  });
  const remove = async () => {
    await host.remove();
    data.remove();
  };
  return startServer({
    what: 'pgbouncer',
    host: { ...host, remove },
    url: url.href,
    isReady: () => answersPostgresql(url.href),
  });
}

/** @param {{ databaseUrl: string, poolSize: number, port: number, version: number }} options */
function configuration({ databaseUrl, poolSize, port, version }) {
  const { hostname, port: databasePort, username, password } = new URL(databaseUrl);
  const target = {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: databasePort || '5432',
    user: decodeURIComponent(username),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  };
  const parameters = Object.entries(target).map(
    ([name, value]) => `${name}='${value.replaceAll("'", "''")}'`,
  );
  const lines = [
    '[databases]',
    `* = ${parameters.join(' ')}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${poolSize}`,
    ...(version >= firstVersionWithStatements ? ['max_prepared_statements = 0'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * The second number of its version; the first one is 1.
 * @param {string} command
 */
function versionOf(command) {
  const text = execFileSync(command, ['--version'], { encoding: 'utf8' });
  return Number(/PgBouncer 1\.(\d+)/.exec(text)?.[1] ?? Infinity);
}

module.exports = { startPgbouncer };
