import { Nack, RABBIT_CONTEXT_TYPE_KEY, RABBIT_HANDLER } from '@golevelup/nestjs-rabbitmq';
import { Logger, type ExecutionContext } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { errorOf, messageOf, type FailureCode } from '../engine/failure';
import { amqpRequest } from './amqp-request';
import { messageHandler } from './message-handler';
import { isInvalidInput, isPermanent } from './permanent-failures';
import { handleEach, isBatch } from './rabbitmq-batch';
import { checkSubscriptions, configOf, hasOwnErrorRule } from './rabbitmq-subscription';

/**
 * `@RabbitSubscribe` and `@RabbitRPC` of @golevelup/nestjs-rabbitmq: arguments are (payload, raw message, headers).
 *
 * A batch (`batchOptions`) is handled message by message: each has its own key, claim, record and settlement, and a failure
 * of one changes nothing for the others. The handler is called once for each message that is not a duplicate, one call
 * after the other, with lists of that one message. To settle them one by one, the handler needs `settleBatch()`.
 */
export const rabbitmqHandler = messageHandler({
  type: RABBIT_CONTEXT_TYPE_KEY,
  argument: 1,
  isHandler: (method) => Reflect.hasMetadata(RABBIT_HANDLER, method),
  check: checkSubscriptions,
  hasTimestamp: true,

  each(execution, handle) {
    const args = execution.getArgs<unknown[]>();
    return isBatch(args) ? handleEach(args, handle) : undefined;
  },

  request(execution) {
    const { payload, message } = deliveryOf(execution);
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
      // The error is recorded, so the message is done. A caller can be told by an error handler alone.
      return isRpc(execution) ? rejectOrThrow(execution, failure.kind, failure.error) : undefined;
    }
    // @golevelup logs a thrown error with its stack and by default requeues in a hot loop, so throw only without `onFailure`.
    if (!onFailure) {
      const error = errorOf(failure);
      if (!isPermanent(failure)) throw error;
      return rejectOrThrow(execution, failure.code, error);
    }
    const settled = await onFailure.handle(deliveryOf(execution).message, failure, claimed);
    return settled === 'requeue' ? new Nack(true) : undefined;
  },

  // A publisher may correct a message whose input was wrong, and send it again under the same key.
  uncounted: isInvalidInput,
});

/** The one message of a call, or the one of a batch that it is about at the moment. */
function deliveryOf(execution: ExecutionContext): { payload: unknown; message: ConsumeMessage } {
  const [payload, message] = execution.getArgs<
    [unknown, ConsumeMessage] | [readonly unknown[], readonly [ConsumeMessage]]
  >();
  return isOfBatch(message)
    ? { payload: (payload as readonly unknown[])[0], message: message[0] }
    : { payload, message };
}

function isOfBatch(
  message: ConsumeMessage | readonly [ConsumeMessage],
): message is readonly [ConsumeMessage] {
  return Array.isArray(message);
}

/** By default @golevelup requeues what threw, and a message that can never succeed would come back for ever. */
function rejectOrThrow(
  execution: ExecutionContext,
  code: FailureCode | 'remembered-error',
  error: unknown,
): Nack {
  if (hasOwnErrorRule(execution.getHandler())) throw error;
  const handler = `${execution.getClass().name}.${execution.getHandler().name}`;
  // A dead letter, if the queue has an exchange for them; otherwise this line is all that is left of it.
  new Logger('Idempotent').error(
    `a message of ${handler} can never succeed and is rejected (${code}): ${messageOf(error)}`,
  );
  return new Nack(false);
}

function isRpc(execution: ExecutionContext): boolean {
  return configOf(execution.getHandler())?.type === 'rpc';
}
