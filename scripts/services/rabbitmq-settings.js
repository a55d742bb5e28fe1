'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { searchPath } = require('./machine');

/**
 * @typedef {object} Place
 * @property {string} directory
 * @property {number} amqpPort
 * @property {number} managementPort
 * @property {number} nameServerPort for Erlang's epmd
 * @property {number} clusterPort for Erlang's distribution
 */

/**
 * Writes the settings of a private broker, and returns the environment that makes RabbitMQ use them instead of the
 * machine's configuration, data, Erlang cookie and name server.
 * @param {Place} place
 * @returns {NodeJS.ProcessEnv}
 */
function settingsFor(place) {
  const { directory, amqpPort, nameServerPort, clusterPort } = place;
  /** @param {string} name */
  const inside = (name) => path.join(directory, name);
  fs.mkdirSync(inside('conf.d'), { recursive: true });
  fs.writeFileSync(inside('rabbitmq.conf'), configuration(place));
  fs.writeFileSync(inside('enabled_plugins'), '[rabbitmq_management].\n');
  fs.writeFileSync(inside('rabbitmq-env.conf'), '');
  return {
    ...neutralEnvironment(),
    // Erlang creates its cookie in the home folder, readable only for its owner.
    HOME: directory,
    ERL_EPMD_PORT: String(nameServerPort),
    RABBITMQ_NODENAME: `payments-${amqpPort}@localhost`,
    RABBITMQ_DIST_PORT: String(clusterPort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONF_ENV_FILE: inside('rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: inside('rabbitmq.conf'),
    RABBITMQ_CONFIG_FILES: inside('conf.d'),
    RABBITMQ_ADVANCED_CONFIG_FILE: inside('advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: inside('enabled_plugins'),
    RABBITMQ_MNESIA_BASE: inside('data'),
    RABBITMQ_PLUGINS_EXPAND_DIR: inside('plugins'),
    RABBITMQ_GENERATED_CONFIG_DIR: inside('config'),
    RABBITMQ_LOG_BASE: inside('logs'),
    // Lets the start script replace itself with the broker, so that signals reach the broker.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

/** @param {Place} place */
function configuration({ amqpPort, managementPort }) {
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${managementPort}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** This process's environment without settings for another broker. */
function neutralEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^(RABBITMQ_|ERL_|NOTIFY_SOCKET$)/.test(name));
  return { ...Object.fromEntries(kept), PATH: searchPath, LANG: 'C.UTF-8' };
}

module.exports = { settingsFor };
