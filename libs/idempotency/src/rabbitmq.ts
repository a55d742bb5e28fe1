import type { HandlerKind } from './handlers/handler-kind';
import { rabbitmqHandler } from './handlers/rabbitmq-handler';
import { acknowledgeAllTogether } from './handlers/rabbitmq-channels';

export { amqpInstant, type AmqpInstant, type TimestampUnit } from './handlers/amqp-request';
export { acknowledgeTogether } from './handlers/joint-acknowledgements';
export { settleBatch } from './handlers/rabbitmq-batch';
export { publishWith } from './outbox/rabbitmq-publish';

/** Settings of {@link rabbitmq}. */
export interface RabbitmqOptions {
  /**
   * Whether channels acknowledge together, as {@link acknowledgeTogether} does: all channels of every `AmqpConnection` that a
   * module provides, after a reconnection, too, and for subscribers without `@Idempotent()` as well. Fewer frames cost
   * RabbitMQ and this process less. Default: false, because it changes methods of channels that belong to the application.
   */
  readonly acknowledgeTogether?: boolean;
}

/**
 * `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq, for the module's option `handlers`.
 *
 * @example
 * IdempotencyModule.forRoot({ store, ttlSeconds: 86_400, leaseMs: 30_000, handlers: [rabbitmq()] })
 */
export function rabbitmq({ acknowledgeTogether = false }: RabbitmqOptions = {}): HandlerKind {
  return acknowledgeTogether ? { ...rabbitmqHandler, start: acknowledgeAllTogether } : rabbitmqHandler;
}
