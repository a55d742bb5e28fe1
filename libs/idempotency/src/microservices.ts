import type { HandlerKind } from './handlers/handler-kind';
import { microservicesHandler } from './handlers/microservices-handler';

/**
 * `@EventPattern`, `@MessagePattern` and `@GrpcMethod` of @nestjs/microservices over RabbitMQ with `noAck: false`, NATS, MQTT,
 * TCP and gRPC, for the module's option `handlers`. A handler on another transport keeps its microservice from listening.
 *
 * @example
 * IdempotencyModule.forRoot({ store, ttlSeconds: 86_400, leaseMs: 30_000, handlers: [microservices()] })
 */
export function microservices(): HandlerKind {
  return microservicesHandler;
}
