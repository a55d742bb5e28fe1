'use strict';

const {
  findMosquitto,
  findNatsServer,
  findPgbouncer,
  findPostgres,
  findRabbitmqServer,
  findRedisServer,
} = require('./machine');
const { answersAmqp, answersMqtt, answersNats, answersPostgresql, answersRedis } = require('./probes');

/**
 * A kind of server that the project uses.
 * @typedef {object} Kind
 * @property {string} title
 * @property {string} variable of the environment
 * @property {string} packageName of Debian
 * @property {string} formula of Homebrew
 * @property {() => string | undefined} find
 * @property {boolean} hasContainer whether a container is used where the program is not installed
 * @property {(url: string) => Promise<boolean>} answers
 */

/** @type {Kind} */
const rabbitmq = {
  title: 'RabbitMQ',
  variable: 'RABBITMQ_URL',
  packageName: 'rabbitmq-server',
  formula: 'rabbitmq',
  find: findRabbitmqServer,
  hasContainer: true,
  answers: answersAmqp,
};

/** @type {Kind} */
const redis = {
  title: 'Redis',
  variable: 'REDIS_URL',
  packageName: 'redis-server',
  formula: 'redis',
  find: findRedisServer,
  hasContainer: true,
  answers: answersRedis,
};

/** @type {Kind} */
const nats = {
  title: 'NATS',
  variable: 'NATS_URL',
  packageName: 'nats-server',
  formula: 'nats-server',
  find: findNatsServer,
  hasContainer: true,
  answers: answersNats,
};

/** @type {Kind} */
const mqtt = {
  title: 'Mosquitto',
  variable: 'MQTT_URL',
  packageName: 'mosquitto',
  formula: 'mosquitto',
  find: findMosquitto,
  hasContainer: true,
  answers: answersMqtt,
};

/** @type {Kind} */
const postgresql = {
  title: 'PostgreSQL',
  variable: 'DATABASE_URL',
  packageName: 'postgresql',
  formula: 'postgresql@17',
  find: findPostgres,
  hasContainer: true,
  answers: answersPostgresql,
};

/** @type {Kind} */
const pgbouncer = {
  title: 'pgbouncer',
  variable: 'PGBOUNCER_URL',
  packageName: 'pgbouncer',
  formula: 'pgbouncer',
  find: findPgbouncer,
  hasContainer: false,
  answers: answersPostgresql,
};

/** What the service needs. Its ledger needs PostgreSQL, too. */
const serviceKinds = [rabbitmq, redis];

/** What the tests need besides: `npm test` starts PostgreSQL, and the specs of the library start the others. */
const testKinds = [postgresql, pgbouncer, nats, mqtt];

module.exports = { postgresql, rabbitmq, redis, serviceKinds, testKinds };
