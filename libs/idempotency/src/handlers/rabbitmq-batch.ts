import {
  Nack,
  requeueErrorHandler,
  type BatchMessageErrorHandler,
  type MessageErrorHandler,
} from '@golevelup/nestjs-rabbitmq';
import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import { messageOf } from '../engine/failure';

const logger = new Logger('Idempotent');

/** The arguments of a batch handler: three lists, with one entry for each message. */
type Batch = [payloads: unknown[], messages: ConsumeMessage[], headers: unknown[]];

/** How one message of a batch ended. */
type MessageEnd =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'nack'; readonly requeue: boolean }
  | { readonly kind: 'threw'; readonly error: unknown };

/** A batch of which not all messages are acknowledged. {@link settleBatch} settles each of them as it ended. */
class UnevenBatchError extends Error {
  constructor(readonly ends: ReadonlyMap<ConsumeMessage, MessageEnd>) {
    const left = [...ends.values()].filter(({ kind }) => kind !== 'acknowledge');
    super(`${left.length} of ${ends.size} messages of a batch are not acknowledged`);
    this.name = 'UnevenBatchError';
  }
}

/**
 * The answer for a batch that does not end in one way. @golevelup asks a `Nack` how to settle the messages, inside of the
 * block whose errors go to the error handler of the batch: there each message is settled on its own. Thrown earlier, the
 * error would pass the application's exception filters, and one that answers errors would acknowledge every message.
 */
class UnevenNack extends Nack {
  constructor(private readonly uneven: UnevenBatchError) {
    super(true);
  }

  override get requeue(): boolean {
    throw this.uneven;
  }
}

export function isBatch(args: readonly unknown[]): args is Batch {
  return Array.isArray(args[1]);
}

/**
 * Handles a batch message by message, in their order. NestJS passes the same three lists to everything around the handler
 * and to the handler itself, so each message is shown by changing the lists in place. They are complete again at the end:
 * @golevelup acknowledges what they hold then.
 *
 * @param handle handles the one message that the lists hold
 */
export async function handleEach(batch: Batch, handle: () => Promise<unknown>): Promise<unknown> {
  const complete = batch.map((list) => [...list]);
  const ends = new Map<ConsumeMessage, MessageEnd>();
  try {
    for (const [at, message] of [...batch[1]].entries()) {
      show(
        batch,
        complete.map((list) => [list[at]]),
      );
      ends.set(message, await endOf(handle));
    }
  } finally {
    show(batch, complete);
  }
  const isEven = [...ends.values()].every(({ kind }) => kind === 'acknowledge');
  return isEven ? undefined : new UnevenNack(new UnevenBatchError(ends));
}

function show(batch: Batch, lists: readonly unknown[][]): void {
  batch.forEach((list: unknown[], at) => list.splice(0, list.length, ...(lists[at] ?? [])));
}

async function endOf(handle: () => Promise<unknown>): Promise<MessageEnd> {
  try {
    const answer = await handle();
    return answer instanceof Nack ? { kind: 'nack', requeue: answer.requeue } : { kind: 'acknowledge' };
  } catch (error) {
    // @golevelup logs the error of a whole batch alone.
    logger.error(
      `a message of a batch failed: ${messageOf(error)}`,
      error instanceof Error ? error.stack : undefined,
    );
    return { kind: 'threw', error };
  }
}

/** What each error handler made by {@link settleBatch} does with a message whose handler threw. */
const settlers = new WeakMap<BatchMessageErrorHandler, MessageErrorHandler | undefined>();

/**
 * Settles each message of a batch as it ended: acknowledged, rejected, or requeued. Every `@Idempotent()` handler with
 * `batchOptions` needs it, because @golevelup itself can only settle all messages of a batch alike.
 *
 * @param whenThrown settles a message whose handler threw, as `errorHandler` does for a handler of single messages. Default:
 *   it is rejected if it can never succeed, otherwise requeued
 *
 * @example
 * @RabbitSubscribe({ queue: 'orders', batchOptions: { size: 50, errorHandler: settleBatch() } })
 */
export function settleBatch(whenThrown?: MessageErrorHandler): BatchMessageErrorHandler {
  const settler: BatchMessageErrorHandler = async (channel, messages, error: unknown) => {
    for (const message of messages) {
      // What else was thrown, by a guard for example, is the end of every message.
      const end = error instanceof UnevenBatchError ? error.ends.get(message) : undefined;
      await settle(channel, message, end ?? { kind: 'threw', error }, whenThrown ?? requeueErrorHandler);
    }
  };
  settlers.set(settler, whenThrown);
  return settler;
}

export function isSettler(handler: BatchMessageErrorHandler | undefined): boolean {
  return handler !== undefined && settlers.has(handler);
}

/** Whether the application says itself what is done with messages whose handler threw. */
export function hasOwnRule(handler: BatchMessageErrorHandler | undefined): boolean {
  return handler !== undefined && settlers.get(handler) !== undefined;
}

/** Never rejects: one message that cannot be settled must not keep the others of its batch from it. */
async function settle(
  channel: Channel,
  message: ConsumeMessage,
  end: MessageEnd,
  whenThrown: MessageErrorHandler,
): Promise<void> {
  try {
    switch (end.kind) {
      case 'acknowledge':
        channel.ack(message);
        return;
      case 'nack':
        channel.nack(message, false, end.requeue);
        return;
      case 'threw':
        await whenThrown(channel, message, end.error);
        return;
      default:
        end satisfies never;
    }
  } catch (error) {
    // Most likely the channel is closed: then the broker delivers the message again.
    logger.error(`a message of a batch is not settled: ${messageOf(error)}`);
  }
}
