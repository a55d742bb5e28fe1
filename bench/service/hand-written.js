'use strict';

// What the service is compared with: the consumer that a careful person writes in an afternoon, without any guarantee about
// duplicates, crashes or failures. It charges, writes one log line and acknowledges. With a DATABASE_URL it keeps the payment
// in a table, and publishes its event, before it acknowledges.

const { connect } = require('amqplib');
const { pino } = require('pino');
const Stripe = require('stripe');
const { keyOf, payloadOf } = require('../messages');
const { openTable } = require('./payment-table');
const { QUEUE, declare } = require('./topology');

const { RABBITMQ_URL = '', RABBITMQ_PREFETCH, STRIPE_API_BASE = '', STRIPE_API_KEY = '' } = process.env;
const { DATABASE_URL = '' } = process.env;
const TIMEOUT_MS = 20_000;
const MINOR_UNITS = 100;

/** @typedef {import('./payment-table').Charged} Charged */

const logger = pino();

function openStripe() {
  const { hostname, port } = new URL(STRIPE_API_BASE);
  // Connections are kept alive by default, as many as there are calls.
  const options = { timeout: TIMEOUT_MS, maxNetworkRetries: 2, telemetry: false };
  return new Stripe(STRIPE_API_KEY, { host: hostname, port, protocol: 'http', ...options });
}

/**
 * @param {Stripe} stripe
 * @param {import('amqplib').ConsumeMessage} message
 * @returns {Promise<Charged>}
 */
async function charge(stripe, message) {
  const { paymentId, amount, currency, customerId, paymentMethodId } = payloadOf(message);
  const idempotencyKey = keyOf(message);
  const amountMinorUnits = Math.round(amount * MINOR_UNITS);
  const intent = await stripe.paymentIntents.create(
    {
      amount: amountMinorUnits,
      currency: currency.toLowerCase(),
      payment_method: paymentMethodId,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      confirm: true,
      error_on_requires_action: true,
      metadata: { idempotency_key: idempotencyKey, payment_id: paymentId, customer_id: customerId },
    },
    { idempotencyKey: `payment:${idempotencyKey}` },
  );
  logger.info({ paymentId, idempotencyKey, chargeId: intent.id }, 'Processing payment: success');
  return { idempotencyKey, paymentId, customerId, amountMinorUnits, currency, chargeId: intent.id };
}

async function consume() {
  const stripe = openStripe();
  // Without Nagle's algorithm a publish does not wait for the acknowledgement of the one before.
  const connection = await connect(RABBITMQ_URL, DATABASE_URL === '' ? {} : { noDelay: true });
  const channel = await connection.createChannel();
  await declare(channel);
  const keep = DATABASE_URL === '' ? undefined : await openTable(DATABASE_URL, connection);
  await channel.prefetch(Number(RABBITMQ_PREFETCH));
  await channel.consume(QUEUE, (message) => {
    if (!message) return;
    const work = async () => {
      const charged = await charge(stripe, message);
      await keep?.(charged);
    };
    work().then(
      () => channel.ack(message),
      (/** @type {unknown} */ error) => {
        logger.error({ err: error }, 'Processing payment: failed');
        channel.nack(message);
      },
    );
  });
}

// Ends at once, but runs what Node.js does at an exit, such as writing a profile.
process.on('SIGTERM', () => process.exit(0));
void consume();
