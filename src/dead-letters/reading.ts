import { EventEmitter, on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { DEAD_LETTER } from '../messaging/topology';

/** Another process is reading the dead letters; two at once would hide messages from each other. */
export class DeadLettersBusyError extends Error {
  override readonly name = 'DeadLettersBusyError';
}

/** Only one connection at a time may have it. A quorum queue itself grants every consumer, also an exclusive one. */
const READER_LOCK = `${DEAD_LETTER}.reader`;
/** After this long without another message, what the queue counted is held by somebody else. */
const QUIET_MS = 3_000;
/** The broker puts back what was read a moment after it was told to. */
const BACK_AGAIN_MS = 2_000;

/** One look into the queue, during which nobody else looks. What was read stays held until the end. */
export class Reading {
  private held = 0;

  private constructor(
    private readonly channel: ConfirmChannel,
    /** How many dead letters there were at the beginning. */
    readonly total: number,
  ) {}

  /** @throws DeadLettersBusyError */
  static async begin(channel: ConfirmChannel): Promise<Reading> {
    const options = { exclusive: true, durable: false, autoDelete: true };
    await channel.assertQueue(READER_LOCK, options).catch((cause: unknown) => {
      throw busy(cause);
    });
    // Its only consumer keeps it: it goes with the channel, however that ends.
    await channel.consume(READER_LOCK, () => undefined);
    const { messageCount, consumerCount } = await channel.checkQueue(DEAD_LETTER);
    if (consumerCount > 0) throw busy();
    return new Reading(channel, messageCount);
  }

  /**
   * All of them, oldest first. Whoever stops early has held all nevertheless: what is given back alone would go behind
   * the others.
   */
  async *messages(): AsyncGenerator<ConsumeMessage> {
    if (this.total === 0) return;
    const arrivals = new EventEmitter();
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), QUIET_MS);
    const iterator = on(arrivals, 'message', { signal: quiet.signal });
    await this.channel.prefetch(this.total);
    const { consumerTag } = await this.channel.consume(DEAD_LETTER, (message) => {
      this.held++;
      arrivals.emit('message', message);
    });
    try {
      let seen = 0;
      for await (const [message] of iterator as AsyncIterable<[ConsumeMessage | null]>) {
        clearTimeout(timer);
        if (!message) return;
        yield message;
        if (++seen === this.total) return;
        timer = setTimeout(() => quiet.abort(), QUIET_MS);
      }
    } catch (error) {
      if (!quiet.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      await this.channel.cancel(consumerTag);
    }
  }

  /** Removes a message for good. */
  settle(message: ConsumeMessage): void {
    this.channel.ack(message);
    this.held--;
  }

  /** Gives back, in their order, what was not settled, and waits until it is there for the next reader. */
  async end(): Promise<void> {
    this.channel.nackAll(true);
    for (const until = Date.now() + BACK_AGAIN_MS; Date.now() < until; await sleep(5)) {
      if ((await this.channel.checkQueue(DEAD_LETTER)).messageCount >= this.held) break;
    }
  }
}

function busy(cause?: unknown): DeadLettersBusyError {
  return new DeadLettersBusyError('another process is reading the dead letters; try again when it is done', {
    cause,
  });
}
