import { RABBIT_CONTEXT_TYPE_KEY } from '@golevelup/nestjs-rabbitmq';
import type { ExecutionContext } from '@nestjs/common';
import type { HandlerKind } from './handler-kind';
import { httpHandler } from './http-handler';
import { microserviceHandler } from './microservice-handler';
import { rabbitHandler } from './rabbit-handler';

/** @throws Error if `@Idempotent()` does not support the kind of handler */
export function handlerKindOf(execution: ExecutionContext): HandlerKind {
  const type = execution.getType<string>();
  switch (type) {
    case RABBIT_CONTEXT_TYPE_KEY:
      return rabbitHandler;
    case 'http':
      return httpHandler;
    case 'rpc':
      return microserviceHandler;
    default:
      throw new Error(
        `@Idempotent() on ${execution.getClass().name}.${execution.getHandler().name}: '${type}' handlers are not supported`,
      );
  }
}
