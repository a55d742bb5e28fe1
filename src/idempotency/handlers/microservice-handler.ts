import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from '@nestjs/common';
import type { RmqContext } from '@nestjs/microservices';
import type { Channel, ConsumeMessage } from 'amqplib';
import { errorOf, type FailureCode } from '../failure';
import { amqpRequest } from './amqp-request';
import type { HandlerKind } from './handler-kind';

/** Wait before a message is requeued; without it, a message whose key is in progress would come back in a hot loop. */
const REQUEUE_DELAY_MS = 1_000;

/** Failures that a redelivery cannot change. */
const PERMANENT: readonly FailureCode[] = [
  'missing-idempotency-key',
  'invalid-idempotency-key',
  'missing-timestamp',
  'invalid-request',
  'idempotency-key-reused',
  'retries-exhausted',
  'outside-deduplication-window',
  'from-the-future',
];

/**
 * `@EventPattern` and `@MessagePattern` of @nestjs/microservices over RabbitMQ, with `noAck: false`. The message is
 * acknowledged here, once its record is stored; the handler must not do it.
 */
export const microserviceHandler: HandlerKind = {
  hasTimestamp: true,

  source: (execution) => rmqOf(execution).message,

  request(execution) {
    const { message } = rmqOf(execution);
    return amqpRequest(execution.switchToRpc().getData<unknown>(), message);
  },

  record: (_, returned) => returned,

  answer(execution, recorded) {
    const { channel, message } = rmqOf(execution);
    channel.ack(message);
    return recorded;
  },

  async fail(execution, failure, { onFailure, claimed }) {
    const { channel, message } = rmqOf(execution);
    if (failure.kind === 'remembered-error') {
      channel.ack(message);
      throw failure.error;
    }
    if (onFailure) {
      const settled = await onFailure.handle(message, failure, claimed);
      if (settled === 'requeue') channel.nack(message, false, true);
      else channel.ack(message);
      return undefined;
    }
    const error = errorOf(failure);
    if (message.properties.replyTo !== undefined) {
      // The caller gets the error and decides.
      channel.ack(message);
      throw error;
    }
    const isPermanent = PERMANENT.includes(failure.code);
    if (!isPermanent) await sleep(REQUEUE_DELAY_MS);
    channel.nack(message, false, !isPermanent);
    throw error;
  },

  uncounted: () => false,
};

function rmqOf(execution: ExecutionContext): { channel: Channel; message: ConsumeMessage } {
  const context = execution.switchToRpc().getContext<Partial<RmqContext>>();
  if (!context.getChannelRef || !context.getMessage) {
    throw new Error(
      `@Idempotent() on ${execution.getClass().name}: of the microservice transports, only RabbitMQ is supported`,
    );
  }
  return { channel: context.getChannelRef() as Channel, message: context.getMessage() as ConsumeMessage };
}
