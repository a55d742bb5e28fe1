import type { RabbitHandlerConfig } from '@golevelup/nestjs-rabbitmq';
import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { IdempotentOptions } from 'nestjs-idempotent';
import { MessagePipeline } from './message.pipeline';
import { CONSUMER_CHANNEL, IN_PROGRESS_WAIT_MS, WORK_QUEUE_OPTIONS, type WorkQueue } from './topology';

/** Options of `@Idempotent()` on every subscriber of a work queue. */
export const PIPELINE = {
  attempts: MessagePipeline,
  onFailure: MessagePipeline,
  whenInProgress: { waitMs: IN_PROGRESS_WAIT_MS, then: 'onFailure' },
} as const satisfies Partial<IdempotentOptions>;

/** Options of `@RabbitSubscribe()` on the subscriber of a work queue. */
export function subscriptionTo({ name }: WorkQueue) {
  return {
    queue: name,
    queueOptions: { ...WORK_QUEUE_OPTIONS, channel: CONSUMER_CHANNEL },
    errorHandler: requeueUnsettled,
  } satisfies Partial<RabbitHandlerConfig>;
}

const logger = new Logger('RabbitMQ');

/**
 * Expected failures never get here: only a bug in our code, or an acknowledgement on a channel that closed meanwhile, in
 * which case the broker redelivers. Never throws: an error from here would end the process.
 */
function requeueUnsettled(channel: Channel, message: ConsumeMessage, error: unknown): void {
  try {
    channel.nack(message, false, true);
  } catch {
    logger.warn(`A message could not be requeued, the broker redelivers it: ${String(error)}`);
  }
}
