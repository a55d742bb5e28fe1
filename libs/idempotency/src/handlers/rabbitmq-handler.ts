import {
  Nack,
  RABBIT_CONTEXT_TYPE_KEY,
  RABBIT_HANDLER,
  type RabbitHandlerConfig,
} from '@golevelup/nestjs-rabbitmq';
import type { ExecutionContext } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { errorOf } from '../engine/failure';
import { amqpRequest } from './amqp-request';
import { messageHandler } from './message-handler';

/** `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq: arguments are (payload, raw message, headers). */
export const rabbitmqHandler = messageHandler({
  type: RABBIT_CONTEXT_TYPE_KEY,
  argument: 1,
  isHandler: (method) => Reflect.hasMetadata(RABBIT_HANDLER, method),
  hasTimestamp: true,

  request(execution) {
    const [payload, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    // A deserializer of @golevelup must not throw, so a body that it could not read arrives as an error.
    if (payload instanceof Error) throw payload;
    return amqpRequest(payload, message);
  },

  answer(execution, recorded) {
    // @golevelup would log the complete returned value, with card data, before it acknowledges.
    return isRpc(execution) ? recorded : undefined;
  },

  async fail(execution, failure, { onFailure, claimed }) {
    if (failure.kind === 'remembered-error') {
      if (isRpc(execution)) throw failure.error;
      // The error is recorded, so the message is done.
      return undefined;
    }
    // @golevelup logs a thrown error with its stack and by default requeues in a hot loop, so throw only without `onFailure`.
    if (!onFailure) throw errorOf(failure);
    const [, message] = execution.getArgs<[unknown, ConsumeMessage]>();
    const settled = await onFailure.handle(message, failure, claimed);
    return settled === 'requeue' ? new Nack(true) : undefined;
  },

  uncounted: () => false,
});

function isRpc(execution: ExecutionContext): boolean {
  const config = Reflect.getMetadata(RABBIT_HANDLER, execution.getHandler()) as
    RabbitHandlerConfig | undefined;
  return config?.type === 'rpc';
}
