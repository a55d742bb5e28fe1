'use strict';

const fs = require('node:fs');
const path = require('node:path');

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

module.exports = {
  findMosquitto,
  findNatsServer,
  findProgram,
  findRabbitmqServer,
  findRedisServer,
  searchPath,
};
