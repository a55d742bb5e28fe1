'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { freezeFamily, killChildren, thawFamily } = require('./children');
const { containerHost } = require('./containers');
const { guardWith } = require('./guard');
const { findPostgres } = require('./machine');
const { freePort, onFreePorts } = require('./ports');
const { answersPostgresql } = require('./probes');
const { runProgram } = require('./programs');
const { programHost, startServer } = require('./server');
const { dataFolder, unprivilegedUser } = require('./unprivileged');

/**
 * @typedef {object} PostgresqlOptions
 * @property {string} directory for its data and logs; created if missing
 * @property {number} [port] default: a free one
 * @property {Record<string, string>} [settings] of the server, by name; by default a commit is on disk before it is confirmed
 */

const name = 'postgresql';
const image = 'postgres:17';
const portInContainer = 5432;

/**
 * Starts a private PostgreSQL that listens on this machine's loopback interface only and asks for no password.
 * @param {PostgresqlOptions} options
 * @returns {Promise<import('./server').Server>}
 */
async function startPostgresql({ directory, port, settings = {} }) {
  fs.mkdirSync(directory, { recursive: true });
  const settingArgs = Object.entries(settings).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]);
  return onFreePorts(
    async () => [port ?? (await freePort())],
    ([ownPort = 0]) => startOnPort({ directory, ownPort, settingArgs }),
  );
}

/** @param {{ directory: string, ownPort: number, settingArgs: string[] }} options */
async function startOnPort({ directory, ownPort, settingArgs }) {
  const url = `postgresql://postgres@127.0.0.1:${ownPort}/postgres`;
  const command = findPostgres();
  const host = command
    ? await databaseHost({ command, directory, ownPort, settingArgs })
    : containerHost({
        name,
        image,
        ports: { [portInContainer]: ownPort },
        env: { POSTGRES_HOST_AUTH_METHOD: 'trust', POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C' },
        args: ['postgres', ...settingArgs],
        directory,
      });
  return startServer({ what: 'PostgreSQL', host, url, isReady: () => answersPostgresql(url) });
}

/**
 * PostgreSQL as a program on this machine. Each of its processes, one for a connection and some others, leads a process
 * group of its own: a signal to the first one's group does not reach them.
 * @param {{ command: string, directory: string, ownPort: number, settingArgs: string[] }} options
 * @returns {Promise<import('./server').Host>}
 */
async function databaseHost({ command, directory, ownPort, settingArgs }) {
  const user = unprivilegedUser();
  const data = dataFolder(directory, user);
  // Homebrew sets LC_ALL, too: without it PostgreSQL does not start everywhere on macOS.
  const common = { env: { ...process.env, LC_ALL: 'C' }, cwd: data.path, user, directory };
  if (!fs.existsSync(path.join(data.path, 'PG_VERSION'))) {
    const args = [
      '--pgdata',
      data.path,
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
    ];
    await runProgram({
      name: 'initdb',
      command: path.join(path.dirname(command), 'initdb'),
      args,
      ...common,
    });
  }
  const network = [
    '-p',
    String(ownPort),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];
  const host = programHost({
    name,
    command,
    args: ['-D', data.path, ...network, ...settingArgs],
    // SIGTERM would wait until all clients have gone.
    endSignal: 'SIGINT',
    ...common,
  });
  /** @type {import('./guard').Guard | undefined} */
  let frozen;
  const release = () => {
    frozen?.release();
    frozen = undefined;
  };
  const thaw = () => {
    const pid = host.pid();
    if (pid !== undefined) thawFamily(pid);
    release();
  };
  const kill = async () => {
    const pid = host.pid();
    // They would finish their work, and keep the data in use until then.
    if (pid !== undefined) await killChildren(pid);
    release();
    await host.kill();
  };
  return {
    ...host,
    kill,
    end: async () => {
      thaw();
      await host.end();
    },
    remove: async () => {
      await kill();
      data.remove();
    },
    freeze: async () => {
      const pid = host.pid();
      if (pid === undefined) return;
      const children = await freezeFamily(pid);
      // Running children end when the first process has gone; frozen ones would stay.
      frozen = guardWith(['kill', '-s', 'KILL', '--', ...children.map(String)]);
    },
    thaw,
  };
}

module.exports = { startPostgresql };
