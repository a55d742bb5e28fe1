'use strict';

const { connect } = require('amqplib');
const { variants } = require('./variants');
const { idempotency } = require('./variants/built');

/**
 * @typedef {object} Consumer
 * @property {(order: { prefetch: number, keys: string[] }) => Promise<void>} start the keys are for one without a queue
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {object} ConsumerOptions
 * @property {string} variant
 * @property {string} queue
 * @property {string} rabbitmqUrl
 * @property {string} redisUrl
 * @property {number} [ttlSeconds]
 * @property {import('./work').Work} work
 * @property {import('./meter').Meter} meter
 */

/**
 * A consumer on plain amqplib.
 * @param {ConsumerOptions} options
 * @returns {Promise<Consumer>}
 */
async function openRawConsumer({ variant, queue, rabbitmqUrl, meter, work, ...store }) {
  const found = variants[variant];
  if (!found)
    throw new Error(`unknown variant '${variant}'; the variants are ${Object.keys(variants).join(', ')}`);
  const { process } = await found.open({ ...store, work: (payload) => work.do(payload) });
  const connection = await connect(rabbitmqUrl);
  // One channel for all measurements: a channel that closes may lose its latest acknowledgements.
  const channel = await connection.createChannel();
  meter.watch(channel);
  if (found.acknowledges === 'together') idempotency.acknowledgeTogether(channel);
  let consumerTag = '';
  const start = async (/** @type {{ prefetch: number }} */ { prefetch }) => {
    await channel.prefetch(prefetch);
    const consumer = await channel.consume(queue, (message) => {
      if (message) void settle(channel, message, process(message));
    });
    consumerTag = consumer.consumerTag;
  };
  return { start, stop: async () => void (await channel.cancel(consumerTag)) };
}

/**
 * @param {import('amqplib').Channel} channel
 * @param {import('amqplib').ConsumeMessage} message
 * @param {Promise<'done' | 'in-progress'>} outcome
 */
async function settle(channel, message, outcome) {
  if ((await outcome) === 'done') channel.ack(message);
  else channel.nack(message, false, true);
}

module.exports = { openRawConsumer };
