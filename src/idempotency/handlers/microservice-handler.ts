import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from '@nestjs/common';
import type { RmqContext } from '@nestjs/microservices';
import type { Channel, ConsumeMessage } from 'amqplib';
import { errorOf, type Failure } from '../outcome';
import { amqpRequest } from './amqp-request';
import type { HandlerKind } from './handler-kind';

/** Before a message that could not be processed goes back to its queue: without it a busy key would spin. */
const REQUEUE_DELAY_MS = 1_000;

const NEVER_BETTER: readonly Failure['kind'][] = [
  'refused',
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

  async decline(execution, outcome, { onFailure, claimed }) {
    const { channel, message } = rmqOf(execution);
    if (outcome.kind === 'final-error') {
      channel.ack(message);
      throw outcome.error;
    }
    if (onFailure) {
      const settled = await onFailure.handle(message, outcome, claimed);
      if (settled === 'requeue') channel.nack(message, false, true);
      else channel.ack(message);
      return undefined;
    }
    const error = errorOf(outcome);
    if (message.properties.replyTo !== undefined) {
      // The caller gets the error and decides.
      channel.ack(message);
      throw error;
    }
    const neverBetter = NEVER_BETTER.includes(outcome.kind);
    if (!neverBetter) await sleep(REQUEUE_DELAY_MS);
    channel.nack(message, false, !neverBetter);
    throw error;
  },

  uncounted: () => false,
};

function rmqOf(execution: ExecutionContext): { channel: Channel; message: ConsumeMessage } {
  const context = execution.switchToRpc().getContext<Partial<RmqContext>>();
  if (!context.getChannelRef || !context.getMessage) {
    throw new Error(
      `@Idempotent() on ${execution.getClass().name}: of the microservice transports it knows RabbitMQ`,
    );
  }
  return { channel: context.getChannelRef() as Channel, message: context.getMessage() as ConsumeMessage };
}
