import { Nack, RABBIT_HANDLER, type RabbitHandlerConfig } from '@golevelup/nestjs-rabbitmq';
import type { ExecutionContext } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { errorOf, type Unprocessed, type UnprocessedHandler } from '../outcome';
import type { HandlerKind, IncomingRequest } from './handler-kind';

/** `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq: arguments are (payload, raw message, headers). */
export const rabbitHandler: HandlerKind = {
  request(execution): IncomingRequest {
    const [payload, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    // A deserializer of @golevelup must not throw, so what it could not read arrives as an error.
    if (payload instanceof Error) throw payload;
    const { headers, timestamp } = message.properties as { headers: unknown; timestamp: unknown };
    return {
      source: message,
      headers,
      payload,
      // AMQP counts in seconds.
      requestedAt: typeof timestamp === 'number' ? new Date(timestamp * 1000) : undefined,
    };
  },

  answer(execution, result): unknown {
    // What a subscriber returns would be logged whole, card data and all, before it is acknowledged.
    return isRpc(execution) ? result : undefined;
  },

  async decline(execution, outcome: Unprocessed, handler: UnprocessedHandler | undefined): Promise<unknown> {
    // As an exception an expected outcome would be logged with its stack and, by default, requeued in a hot loop.
    if (!handler) throw errorOf(outcome);
    const settled = await handler.handle(execution.getArgs<[unknown, ConsumeMessage]>()[1], outcome);
    return settled === 'requeue' ? new Nack(true) : undefined;
  },
};

function isRpc(execution: ExecutionContext): boolean {
  const config = Reflect.getMetadata(RABBIT_HANDLER, execution.getHandler()) as
    RabbitHandlerConfig | undefined;
  return config?.type === 'rpc';
}
