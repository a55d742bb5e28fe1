'use strict';

/**
 * @typedef {object} Row one application
 * @property {string} nest
 * @property {'express' | 'fastify'} platform
 * @property {string} ioredis
 * @property {string} [golevelup] it supports NestJS 11 only
 * @property {boolean} [openapi] with the package swagger of NestJS; the other rows show that it is not needed
 * @property {string} node
 */

/**
 * Every major version that a peer range of the library claims.
 * @type {Row[]}
 */
const rows = [
  { nest: '11', platform: 'express', ioredis: '5', golevelup: '9', openapi: true, node: '20' },
  { nest: '11', platform: 'fastify', ioredis: '6', golevelup: '9', node: '24' },
  { nest: '12', platform: 'express', ioredis: '6', openapi: true, node: '20' },
  { nest: '12', platform: 'fastify', ioredis: '5', node: '24' },
];

/** The packages of the broker that every row has. */
const broker = { amqplib: '0.10', 'amqp-connection-manager': '5' };

module.exports = { rows, broker };
