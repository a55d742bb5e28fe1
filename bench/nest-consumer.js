'use strict';

require('reflect-metadata');
const { AmqpConnection, RabbitMQModule, RabbitSubscribe } = require('@golevelup/nestjs-rabbitmq');
const { Module, UseInterceptors } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { Redis } = require('ioredis');
const { QUEUE_OPTIONS } = require('./queue');
const { idempotency } = require('./variants/built');
const { LEASE_MS, SCOPE, TTL_SECONDS } = require('./variants/settings');

/** It can only be set when the channel is created. */
const NEST_PREFETCH = 256;

class PassThrough {
  /**
   * @param {unknown} _
   * @param {import('@nestjs/common').CallHandler} next
   */
  intercept(_, next) {
    return next.handle();
  }
}

/** @type {Record<string, MethodDecorator[]>} decorators of the handler, by the variant's name in the table */
const decorators = {
  none: [],
  'pass-through interceptor': [UseInterceptors(PassThrough)],
  '@Idempotent': [idempotency.Idempotent({ scope: SCOPE })],
};

/**
 * A handler of a whole NestJS application over @golevelup/nestjs-rabbitmq.
 * @param {import('./raw-consumer').ConsumerOptions} options
 * @returns {Promise<import('./raw-consumer').Consumer>}
 */
async function openNestConsumer({ variant, queue, rabbitmqUrl, redisUrl, meter, work }) {
  const own = decorators[variant];
  if (!own)
    throw new Error(`unknown variant '${variant}'; the variants are ${Object.keys(decorators).join(', ')}`);
  const isIdempotent = variant === '@Idempotent';

  class Handler {
    /** @param {import('./messages').Payload} payload */
    async handle(payload) {
      const result = await work.do(payload);
      // Without @Idempotent() the library logs every result of a subscriber.
      return isIdempotent ? result : undefined;
    }
  }
  const subscribe = RabbitSubscribe({
    queue,
    createQueueIfNotExists: false,
    queueOptions: { ...QUEUE_OPTIONS, channel: 'bench' },
  });
  decorate(Handler, [subscribe, ...own]);

  class Application {}
  const redis = new Redis(redisUrl, { commandTimeout: 2_000, maxRetriesPerRequest: 0 });
  Module({
    imports: [
      RabbitMQModule.forRoot({ uri: rabbitmqUrl, channels: { bench: { prefetchCount: NEST_PREFETCH } } }),
      idempotency.IdempotencyModule.forRoot({
        store: new idempotency.RedisIdempotencyStore(redis),
        // As users of the library run it; the other variants acknowledge as @golevelup/nestjs-rabbitmq does.
        handlers: [idempotency.rabbitmq({ acknowledgeTogether: isIdempotent })],
        ttlSeconds: TTL_SECONDS,
        leaseMs: LEASE_MS,
      }),
    ],
    providers: [Handler],
  })(Application);

  const application = await NestFactory.createApplicationContext(Application, { logger: ['error', 'warn'] });
  const connection = application.get(AmqpConnection);
  await watch(connection, meter);
  const stop = () => setConsuming(connection, (tag) => connection.cancelConsumer(tag));
  await stop();
  return { start: () => setConsuming(connection, (tag) => connection.resumeConsumer(tag)), stop };
}

/**
 * @param {{ prototype: object }} Handler
 * @param {MethodDecorator[]} decorators
 */
function decorate({ prototype }, decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'handle');
  if (!descriptor) throw new Error('the handler has no method');
  for (const decorator of [...decorators].reverse()) decorator(prototype, 'handle', descriptor);
  Object.defineProperty(prototype, 'handle', descriptor);
}

/**
 * @param {AmqpConnection} connection
 * @param {import('./meter').Meter} meter
 */
async function watch({ managedChannels }, meter) {
  const wrapper = managedChannels.bench;
  if (!wrapper) throw new Error('the channel of the benchmark is missing');
  await wrapper.waitForConnect();
  await wrapper.addSetup((/** @type {import('amqplib').ConfirmChannel} */ channel) => meter.watch(channel));
}

/**
 * @param {AmqpConnection} connection
 * @param {(consumerTag: string) => Promise<unknown>} change
 */
async function setConsuming({ consumerTags }, change) {
  for (const tag of consumerTags) await change(tag);
}

module.exports = { openNestConsumer };
