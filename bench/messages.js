'use strict';

const { randomUUID } = require('node:crypto');

/**
 * @typedef {object} Payload
 * @property {string} paymentId
 * @property {number} amount
 * @property {string} customerId
 * @property {string} currency
 * @property {string} paymentMethodId
 * @property {{ sku: string, quantity: number, price: number }[]} items fill the payload up to its size
 */

const KEY_HEADER = 'idempotency-key';

/** Sizes of the measured payloads, in bytes. */
const SMALL = 200;
const LARGE = 10_000;

/**
 * A payment request, as the service accepts it.
 * @param {string} key
 */
function paymentFor(key) {
  return {
    paymentId: `PAY-${key}`,
    amount: 99.99,
    customerId: 'CUST-001',
    currency: 'USD',
    paymentMethodId: 'pm_card_visa',
  };
}

/**
 * A payment request of about so many bytes of JSON.
 * @param {string} key
 * @param {number} bytes
 * @returns {Buffer}
 */
function bodyFor(key, bytes) {
  /** @type {Payload} */
  const payload = { ...paymentFor(key), items: [] };
  let left = bytes - JSON.stringify(payload).length;
  for (let index = 0; left > 40; index++) {
    const item = { sku: `SKU-${1_000 + index}`, quantity: 1 + (index % 7), price: 9.5 + index };
    payload.items.push(item);
    left -= JSON.stringify(item).length + 1;
  }
  return Buffer.from(JSON.stringify(payload));
}

/** @param {number} count */
function freshKeys(count) {
  return Array.from({ length: count }, () => randomUUID());
}

/**
 * @param {import('amqplib').ConsumeMessage} message
 * @returns {string}
 */
function keyOf(message) {
  const key = /** @type {unknown} */ (message.properties.headers?.[KEY_HEADER]);
  if (typeof key !== 'string') throw new Error('a message of the benchmark has lost its key');
  return key;
}

/**
 * @param {import('amqplib').ConsumeMessage} message
 * @returns {Payload}
 */
function payloadOf({ content }) {
  return /** @type {Payload} */ (JSON.parse(content.toString()));
}

module.exports = { KEY_HEADER, LARGE, SMALL, bodyFor, freshKeys, keyOf, paymentFor, payloadOf };
