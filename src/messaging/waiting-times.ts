import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { amqpInstant } from 'nestjs-idempotent/rabbitmq';
import { QueuePauses, type QueuePause } from '../redis/queue-pauses';
import type { Pause } from './consumption';
import { delayedSince } from './message-headers';
import { WORK_QUEUES, type WorkQueue } from './topology';

/**
 * How long messages wait in a retry queue or because of a pause. This time does not count towards the age of a message: a
 * message that waits cannot have been charged and forgotten meanwhile.
 */
@Injectable()
export class WaitingTimes {
  constructor(private readonly pauses: QueuePauses) {}

  /**
   * Since when a message counts as waiting: its delay in a retry queue plus the pauses since it was published. It may not
   * have been in the queue during every pause, but at most this part of its age is ours. Undefined for a message that did
   * not wait here.
   *
   * @throws StoreUnavailableError when Redis does not answer
   */
  async since(message: ConsumeMessage, queue: WorkQueue): Promise<Date | undefined> {
    const delayed = delayedSince(message, queue);
    const publishedAt = amqpInstant(message.properties.timestamp)?.instant;
    if (!publishedAt) return delayed;
    const pauses = await this.pauses.findSince(queue.name, publishedAt).catch((error: unknown) => {
      throw new StoreUnavailableError('pause', error);
    });
    const taken = delayed ?? new Date();
    const pausedMs = msPaused(pauses, publishedAt, taken);
    return pausedMs > 0 ? new Date(taken.getTime() - pausedMs) : delayed;
  }

  /** The same pause, stored in Redis at each call of `isOver`; if Redis is unavailable, when it is available again. */
  remembered(pause: Pause): Pause {
    const since = new Date();
    const queues = pause.queue ? [pause.queue] : WORK_QUEUES;
    return {
      ...pause,
      isOver: async () => {
        const isOver = await pause.isOver();
        await Promise.all(queues.map(({ name }) => this.pauses.lasts(name, since)));
        return isOver;
      },
    };
  }
}

/** How much of the time between two instants lies in pauses, whether they overlap or not. */
function msPaused(pauses: readonly QueuePause[], from: Date, to: Date): number {
  let counted = from.getTime();
  let total = 0;
  for (const { since, until } of pauses.toSorted((one, other) => Number(one.since) - Number(other.since))) {
    const start = Math.max(counted, since.getTime());
    const end = Math.min(until.getTime(), to.getTime());
    if (end > start) total += end - start;
    counted = Math.max(counted, end);
  }
  return total;
}
