import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { amqpInstant, StoreUnavailableError } from '../idempotency';
import { QueuePauses, type QueuePause } from '../redis/queue-pauses';
import type { Pause } from './consumption';
import { delayedSince } from './message-history';
import { WORK_QUEUES, type WorkQueue } from './topology';

/**
 * Since when messages wait here, in a retry queue or behind a pause. What waited has not been charged and forgotten
 * meanwhile, so that this time does not age it.
 */
@Injectable()
export class WaitingTimes {
  constructor(private readonly pauses: QueuePauses) {}

  /**
   * Undefined for a message that did not wait for us.
   *
   * @throws StoreUnavailableError when Redis does not say
   */
  async since(message: ConsumeMessage, queue: WorkQueue): Promise<Date | undefined> {
    const pause = await this.pauses.find(queue.name).catch((error: unknown) => {
      throw new StoreUnavailableError('pause', error);
    });
    const madeAt = amqpInstant(message.properties.timestamp)?.instant;
    return earliest(delayedSince(message, queue), pause && madeAt && waitBehind(pause, madeAt));
  }

  /** The same pause, remembered from its first moment to its end; should Redis be away, then when it is back. */
  remembered(pause: Pause): Pause {
    const since = new Date();
    const queues = pause.queue ? [pause.queue] : WORK_QUEUES;
    const lasts = () => Promise.all(queues.map(({ name }) => this.pauses.lasts(name, since)));
    lasts().catch(() => undefined);
    return {
      ...pause,
      isOver: async () => {
        const isOver = await pause.isOver();
        await (isOver ? Promise.all(queues.map(({ name }) => this.pauses.ended(name, since))) : lasts());
        return isOver;
      },
    };
  }
}

/** What was made after the pause did not wait behind it; what was made during it waited from then on. */
function waitBehind({ since, until }: QueuePause, madeAt: Date): Date | undefined {
  if (until && madeAt > until) return undefined;
  return madeAt > since ? madeAt : since;
}

function earliest(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (!one || !other) return one ?? other;
  return one < other ? one : other;
}
