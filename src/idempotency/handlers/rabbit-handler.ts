import { Nack, RABBIT_HANDLER, type RabbitHandlerConfig } from '@golevelup/nestjs-rabbitmq';
import type { ExecutionContext } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { errorOf } from '../outcome';
import { amqpRequest } from './amqp-request';
import type { HandlerKind } from './handler-kind';

/** `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq: arguments are (payload, raw message, headers). */
export const rabbitHandler: HandlerKind = {
  hasTimestamp: true,

  request(execution) {
    const [payload, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    // A deserializer of @golevelup must not throw, so what it could not read arrives as an error.
    if (payload instanceof Error) throw payload;
    return amqpRequest(payload, message);
  },

  record: (_, returned) => returned,

  answer(execution, recorded) {
    // What a subscriber returns would be logged whole, card data and all, before it is acknowledged.
    return isRpc(execution) ? recorded : undefined;
  },

  async decline(execution, outcome, { onFailure, claimed }) {
    if (outcome.kind === 'final-error') {
      if (isRpc(execution)) throw outcome.error;
      // It is recorded: for the broker this message is done.
      return undefined;
    }
    // As an exception an expected outcome would be logged with its stack and, by default, requeued in a hot loop.
    if (!onFailure) throw errorOf(outcome);
    const [, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    const settled = await onFailure.handle(message, outcome, claimed);
    return settled === 'requeue' ? new Nack(true) : undefined;
  },

  uncounted: () => false,
};

function isRpc(execution: ExecutionContext): boolean {
  const config = Reflect.getMetadata(RABBIT_HANDLER, execution.getHandler()) as
    RabbitHandlerConfig | undefined;
  return config?.type === 'rpc';
}
