import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { RmqContext } from '@nestjs/microservices';
import type { Channel, ConsumeMessage } from 'amqplib';
import { errorOf, type FailureCode } from '../engine/failure';
import { amqpRequest } from './amqp-request';
import type { CheckedHandler, HandlerKind } from './handler-kind';

/** Wait before a message is requeued; without it, a message whose key is in progress would come back in a hot loop. */
const REQUEUE_DELAY_MS = 1_000;

/** Where @nestjs/microservices stores the patterns of a handler. */
const PATTERN_METADATA = 'microservices:pattern';

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
export const microservicesHandler: HandlerKind = {
  type: 'rpc',
  argument: 1,
  isHandler: (method) => Reflect.hasMetadata(PATTERN_METADATA, method),
  check: requireManualAcknowledgement,
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

/** With `noAck: true`, the default of @nestjs/microservices, the broker drops a message before its record is stored. */
function requireManualAcknowledgement({ name }: CheckedHandler, modules: ModulesContainer): void {
  const servers: unknown[] = [];
  modules
    .getRpcTargetRegistry<unknown>()
    .subscribe((server) => servers.push(server))
    .unsubscribe();
  for (const server of servers) {
    if (typeof server === 'object' && server !== null && 'noAck' in server && server.noAck !== false) {
      throw new Error(
        `@Idempotent() on ${name} needs 'noAck: false' in the options of the RabbitMQ microservice: otherwise a ` +
          'message is lost when its handler fails or its process dies',
      );
    }
  }
}
