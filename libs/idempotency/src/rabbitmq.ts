import type { HandlerKind } from './handlers/handler-kind';
import { rabbitmqHandler } from './handlers/rabbitmq-handler';

export { amqpInstant, type AmqpInstant, type TimestampUnit } from './handlers/amqp-request';
export { settleBatch } from './handlers/rabbitmq-batch';

/**
 * `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq, for the module's option `handlers`.
 *
 * @example
 * IdempotencyModule.forRoot({ store, ttlSeconds: 86_400, leaseMs: 30_000, handlers: [rabbitmq()] })
 */
export function rabbitmq(): HandlerKind {
  return rabbitmqHandler;
}
