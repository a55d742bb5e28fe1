'use strict';

const { findMosquitto, findNatsServer, findRabbitmqServer, findRedisServer } = require('./machine');
const { answersAmqp, answersMqtt, answersNats, answersRedis } = require('./probes');

/**
 * A kind of server that the project uses.
 * @typedef {object} Kind
 * @property {string} title
 * @property {string} variable of the environment
 * @property {string} packageName of Debian
 * @property {string} formula of Homebrew
 * @property {() => string | undefined} find
 * @property {(url: string) => Promise<boolean>} answers
 */

/** @type {Kind} */
const rabbitmq = {
  title: 'RabbitMQ',
  variable: 'RABBITMQ_URL',
  packageName: 'rabbitmq-server',
  formula: 'rabbitmq',
  find: findRabbitmqServer,
  answers: answersAmqp,
};

/** @type {Kind} */
const redis = {
  title: 'Redis',
  variable: 'REDIS_URL',
  packageName: 'redis-server',
  formula: 'redis',
  find: findRedisServer,
  answers: answersRedis,
};

/** @type {Kind} */
const nats = {
  title: 'NATS',
  variable: 'NATS_URL',
  packageName: 'nats-server',
  formula: 'nats-server',
  find: findNatsServer,
  answers: answersNats,
};

/** @type {Kind} */
const mqtt = {
  title: 'Mosquitto',
  variable: 'MQTT_URL',
  packageName: 'mosquitto',
  formula: 'mosquitto',
  find: findMosquitto,
  answers: answersMqtt,
};

/** What the service needs. */
const serviceKinds = [rabbitmq, redis];

/** What the tests of the library need besides; their specs start it. */
const testKinds = [nats, mqtt];

module.exports = { rabbitmq, redis, serviceKinds, testKinds };
