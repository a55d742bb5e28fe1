'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { npmPostgresqlPrograms } = require('./npm-postgresql');

// Servers are often in folders that are not in an ordinary user's PATH.
const folders = [
  ...(process.env.PATH ?? '').split(path.delimiter),
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/bin',
  '/usr/sbin',
  '/bin',
  '/sbin',
  '/opt/homebrew/bin',
  '/opt/homebrew/sbin',
];
const searchPath = [...new Set(folders.filter((folder) => folder !== ''))].join(path.delimiter);

/** @param {string} file */
function isExecutable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The path of a program on this machine, if it is installed.
 * @param {string} name
 * @returns {string | undefined}
 */
function findProgram(name) {
  return searchPath
    .split(path.delimiter)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

/**
 * RabbitMQ's own start script. The one in Debian's /usr/sbin changes the user and ignores private settings.
 * @returns {string | undefined}
 */
function findRabbitmqServer() {
  const packaged = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  const found = isExecutable(packaged) ? packaged : findProgram('rabbitmq-server');
  // Without Erlang's name server the installation is incomplete.
  return findProgram('epmd') ? found : undefined;
}

/** @returns {string | undefined} */
function findRedisServer() {
  return findProgram('redis-server');
}

/** @returns {string | undefined} */
function findNatsServer() {
  return findProgram('nats-server');
}

/** @returns {string | undefined} */
function findMosquitto() {
  return findProgram('mosquitto');
}

/** @returns {string | undefined} */
function findPgbouncer() {
  return findProgram('pgbouncer');
}

// Where packages put the programs of each version: Debian's, then Homebrew's.
const postgresqlFolders = [
  { parent: '/usr/lib/postgresql', version: /^(\d+)$/ },
  { parent: '/opt/homebrew/opt', version: /^postgresql@(\d+)$/ },
  { parent: '/usr/local/opt', version: /^postgresql@(\d+)$/ },
];

/**
 * The program `postgres`, with `initdb` beside it.
 * @returns {string | undefined}
 */
function findPostgres() {
  const versioned = postgresqlFolders.flatMap(({ parent, version }) =>
    entriesOf(parent)
      .filter((entry) => version.test(entry))
      .sort((a, b) => Number(version.exec(b)?.[1]) - Number(version.exec(a)?.[1]))
      .map((entry) => path.join(parent, entry, 'bin')),
  );
  const folders = [...searchPath.split(path.delimiter), ...versioned, npmPostgresqlPrograms()];
  const found = folders.find((folder) =>
    ['postgres', 'initdb'].every((name) => isExecutable(path.join(folder, name))),
  );
  return found && path.join(found, 'postgres');
}

/**
 * @param {string} folder
 * @returns {string[]} nothing if it does not exist
 */
function entriesOf(folder) {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}

module.exports = {
  findMosquitto,
  findNatsServer,
  findPgbouncer,
  findPostgres,
  findProgram,
  findRabbitmqServer,
  findRedisServer,
  searchPath,
};
