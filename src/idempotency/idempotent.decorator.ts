import { SetMetadata, UseInterceptors, applyDecorators } from '@nestjs/common';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IDEMPOTENT_OPTIONS, checkOptions, type IdempotentOptions } from './idempotency.options';

/**
 * Makes a RabbitMQ subscriber idempotent: its effect happens once per idempotency key, duplicates get the stored
 * result without the handler running, and a handler that throws frees the key for the next delivery.
 *
 * @example
 * @RabbitSubscribe({ exchange: 'orders', routingKey: 'order.placed', queue: 'orders.ship' })
 * @Idempotent({ scope: 'shipment' })
 * ship(@IdempotentPayload() order: Order) { ... }
 *
 * @throws Error at start, naming the handler, when an option is wrong
 */
export function Idempotent<P = unknown>(options: IdempotentOptions<P>): MethodDecorator {
  return (target, method, descriptor) => {
    checkOptions(options, `${target.constructor.name}.${String(method)}`);
    applyDecorators(SetMetadata(IDEMPOTENT_OPTIONS, options), UseInterceptors(IdempotencyInterceptor))(
      target,
      method,
      descriptor,
    );
  };
}
