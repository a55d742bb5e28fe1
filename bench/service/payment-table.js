'use strict';

const { KEY_HEADER } = require('../messages');
const { openConnections } = require('../postgres/connections');
const { EVENTS_EXCHANGE, PAYMENT_SUCCEEDED } = require('./topology');

/**
 * @typedef {object} Charged
 * @property {string} idempotencyKey
 * @property {string} paymentId
 * @property {string} customerId
 * @property {number} amountMinorUnits
 * @property {string} currency
 * @property {string} chargeId
 */

const TABLE = `CREATE TABLE payments (
  key text PRIMARY KEY,
  payment_id text NOT NULL,
  customer_id text NOT NULL,
  amount_minor_units bigint NOT NULL,
  currency text NOT NULL,
  charge_id text NOT NULL,
  charged_at timestamptz NOT NULL DEFAULT now()
)`;
const INSERT = `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, charge_id)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`;

/**
 * The hand-written consumer's table of payments: one row and one commit for each, and then its event. An event is lost if the
 * process ends between the two, as long as the message is not delivered again.
 * @param {string} databaseUrl
 * @param {import('amqplib').ChannelModel} connection
 * @returns {Promise<(charged: Charged) => Promise<void>>} resolves when the row is committed and the event is confirmed
 */
async function openTable(databaseUrl, connection) {
  const pool = openConnections(databaseUrl);
  await pool.query(TABLE);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange(EVENTS_EXCHANGE, 'topic', { durable: true });
  return async (charged) => {
    const { idempotencyKey, paymentId, customerId, amountMinorUnits, currency, chargeId } = charged;
    await pool.query(INSERT, [idempotencyKey, paymentId, customerId, amountMinorUnits, currency, chargeId]);
    await published(channel, charged);
  };
}

/**
 * @param {import('amqplib').ConfirmChannel} channel
 * @param {Charged} charged
 * @returns {Promise<void>}
 */
function published(channel, charged) {
  const properties = {
    persistent: true,
    contentType: 'application/json',
    timestamp: Math.floor(Date.now() / 1_000),
    headers: { [KEY_HEADER]: charged.idempotencyKey },
  };
  return new Promise((resolve, reject) => {
    channel.publish(
      EVENTS_EXCHANGE,
      PAYMENT_SUCCEEDED,
      Buffer.from(JSON.stringify(charged)),
      properties,
      (/** @type {unknown} */ error) =>
        error ? reject(new Error('RabbitMQ refused an event', { cause: error })) : resolve(),
    );
  });
}

module.exports = { openTable };
