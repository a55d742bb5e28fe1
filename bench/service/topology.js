'use strict';

/** The names that the service uses on the broker, and the same kind of queue; the hand-written consumer has them, too. */
const EXCHANGE = 'payments';
const QUEUE = 'payments.charge';
const ROUTING_KEY = 'payment.requested';
const EVENTS_EXCHANGE = 'payments.events';
const PAYMENT_SUCCEEDED = 'payment.succeeded';
const RECEIPTS_QUEUE = 'notifications.receipt';
/** Where the events of payments wait in the ledger's database. */
const OUTBOX_TABLE = 'payment_outbox';
const QUEUE_OPTIONS = { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 20 } };

/**
 * Declares what the hand-written consumer takes its messages from.
 * @param {import('amqplib').Channel} channel
 */
async function declare(channel) {
  await channel.assertExchange(EXCHANGE, 'topic', { durable: true });
  await channel.assertQueue(QUEUE, QUEUE_OPTIONS);
  await channel.bindQueue(QUEUE, EXCHANGE, ROUTING_KEY);
}

module.exports = {
  EVENTS_EXCHANGE,
  EXCHANGE,
  OUTBOX_TABLE,
  PAYMENT_SUCCEEDED,
  QUEUE,
  RECEIPTS_QUEUE,
  ROUTING_KEY,
  declare,
};
