import { SetMetadata, UseFilters, UseInterceptors, applyDecorators } from '@nestjs/common';
import { IdempotencyProblemFilter } from './http-problem';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IDEMPOTENT_OPTIONS, checkOptions, type IdempotentOptions } from './idempotency.options';

/**
 * Makes a handler idempotent: its effect happens once per idempotency key, duplicates get the recorded result without
 * the handler running, and a handler that throws frees the key for the next request. See {@link IdempotentOptions} for
 * the defaults.
 *
 * For `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq, HTTP controllers, and `@EventPattern` and
 * `@MessagePattern` of @nestjs/microservices over RabbitMQ with `noAck: false` (there the handler must not acknowledge;
 * the interceptor does so when the record is stored).
 *
 * @example
 * @RabbitSubscribe({ exchange: 'orders', routingKey: 'order.placed', queue: 'orders.ship' })
 * @Idempotent({ scope: 'shipment' })
 * ship(@IdempotentPayload() order: Order) { ... }
 *
 * @throws Error at the start, naming the handler, if an option is wrong
 */
export function Idempotent<P = unknown, R = unknown>(options: IdempotentOptions<P, R>): MethodDecorator {
  return (target, method, descriptor) => {
    checkOptions(options, `${target.constructor.name}.${String(method)}`);
    applyDecorators(
      SetMetadata(IDEMPOTENT_OPTIONS, options),
      UseInterceptors(IdempotencyInterceptor),
      UseFilters(IdempotencyProblemFilter),
    )(target, method, descriptor);
  };
}
