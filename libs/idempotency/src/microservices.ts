import type { HandlerKind } from './handlers/handler-kind';
import { microservicesHandler } from './handlers/microservices-handler';

/**
 * `@EventPattern` and `@MessagePattern` of @nestjs/microservices over RabbitMQ with `noAck: false`, for the module's option
 * `handlers`.
 *
 * @example
 * IdempotencyModule.forRoot({ store, ttlSeconds: 86_400, leaseMs: 30_000, handlers: [microservices()] })
 */
export function microservices(): HandlerKind {
  return microservicesHandler;
}
