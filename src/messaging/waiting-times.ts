import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { amqpInstant, StoreUnavailableError } from '../idempotency';
import { QueuePauses, type QueuePause } from '../redis/queue-pauses';
import type { Pause } from './consumption';
import { delayedSince } from './message-history';
import { WORK_QUEUES, type WorkQueue } from './topology';

/**
 * How long messages wait here, in a retry queue or behind a pause. What waited has not been charged and forgotten
 * meanwhile, so that this time does not age it.
 */
@Injectable()
export class WaitingTimes {
  constructor(private readonly pauses: QueuePauses) {}

  /**
   * From when on a message counts as having waited: its delay in a retry queue and the pauses since it was made, as one
   * time. Nobody knows whether it was in the queue while that was paused; only that much of its age can be ours.
   * Undefined for a message that did not wait for us.
   *
   * @throws StoreUnavailableError when Redis does not say
   */
  async since(message: ConsumeMessage, queue: WorkQueue): Promise<Date | undefined> {
    const delayed = delayedSince(message, queue);
    const madeAt = amqpInstant(message.properties.timestamp)?.instant;
    if (!madeAt) return delayed;
    const pauses = await this.pauses.findSince(queue.name, madeAt).catch((error: unknown) => {
      throw new StoreUnavailableError('pause', error);
    });
    const taken = delayed ?? new Date();
    const pausedMs = msPaused(pauses, madeAt, taken);
    return pausedMs > 0 ? new Date(taken.getTime() - pausedMs) : delayed;
  }

  /** The same pause, remembered at each look; should Redis be away, then when it is back. */
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
