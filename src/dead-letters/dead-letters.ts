import { EventEmitter, on } from 'node:events';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { keptProperties, senderHeaders } from '../messaging/settlement';
import { DEAD_LETTER, HEADERS, PAYMENTS_EXCHANGE, PAYMENT_REQUESTED } from '../messaging/topology';
import {
  deadLetterContentFrom,
  deadLetterFrom,
  type DeadLetter,
  type DeadLetterContent,
} from './dead-letter';

/** No dead letter has the id; perhaps somebody else has dealt with it. */
export class UnknownDeadLetterError extends Error {
  override readonly name = 'UnknownDeadLetterError';
}

/** Another process is reading the dead letters; two at once would hide messages from each other. */
export class DeadLettersBusyError extends Error {
  override readonly name = 'DeadLettersBusyError';
}

export interface DeadLetterList {
  /** How many there are. */
  readonly total: number;
  /** The oldest of them, in their order. */
  readonly deadLetters: DeadLetter[];
}

export interface ReplayOptions {
  /**
   * Lets a message through that is older than the records' life, by making it as old as its replay. It may then be
   * charged a second time, if it was charged before and forgotten.
   */
  readonly force: boolean;
}

/** After this long without another message, what the queue counted is held by somebody else. */
const QUIET_MS = 3_000;

/**
 * What a person does with dead letters. Reading holds them for a moment and gives them back in their order; a message
 * leaves only when it is dropped, or when the broker has confirmed its replay.
 */
export class DeadLetters {
  constructor(private readonly openChannel: () => Promise<ConfirmChannel>) {}

  list(limit: number): Promise<DeadLetterList> {
    return this.withChannel(async (channel) => {
      const { messageCount } = await channel.checkQueue(DEAD_LETTER);
      const deadLetters: DeadLetter[] = [];
      for await (const message of read(channel, Math.min(messageCount, limit))) {
        deadLetters.push(deadLetterFrom(message));
      }
      return { total: messageCount, deadLetters };
    });
  }

  /** @throws UnknownDeadLetterError */
  show(id: string): Promise<DeadLetterContent> {
    return this.withChannel(async (channel) => deadLetterContentFrom(await find(channel, id)));
  }

  /**
   * Sends a message through the front door again, with its own key: what was charged is recognised and not charged
   * again. Its attempts start anew.
   *
   * @throws UnknownDeadLetterError
   */
  replay(id: string, options: ReplayOptions): Promise<DeadLetter> {
    return this.withChannel(async (channel) => {
      const message = await find(channel, id);
      await replay(channel, message, options);
      return deadLetterFrom(message);
    });
  }

  /** Replays what is there now, oldest first; what comes back meanwhile is left alone. Returns how many. */
  replayAll(options: ReplayOptions): Promise<number> {
    return this.withChannel(async (channel) => {
      const { messageCount } = await channel.checkQueue(DEAD_LETTER);
      let replayed = 0;
      for await (const message of read(channel, messageCount)) {
        await replay(channel, message, options);
        replayed++;
      }
      return replayed;
    });
  }

  /**
   * Removes a message for good.
   *
   * @throws UnknownDeadLetterError
   */
  drop(id: string): Promise<DeadLetter> {
    return this.withChannel(async (channel) => {
      const message = await find(channel, id);
      channel.ack(message);
      return deadLetterFrom(message);
    });
  }

  /** Closing the channel sends the acknowledgements, and gives back what was only read. */
  private async withChannel<T>(use: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
    const channel = await this.openChannel();
    // The broker's reason also rejects whatever is being waited for.
    channel.on('error', () => undefined);
    try {
      return await use(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  }
}

async function find(channel: ConfirmChannel, id: string): Promise<ConsumeMessage> {
  const { messageCount } = await channel.checkQueue(DEAD_LETTER);
  for await (const message of read(channel, messageCount)) {
    if (deadLetterFrom(message).id === id) return message;
  }
  throw new UnknownDeadLetterError(`no dead letter has the id '${id}'; list them to see which are there`);
}

/** The first `count` messages, unacknowledged. */
async function* read(channel: ConfirmChannel, count: number): AsyncGenerator<ConsumeMessage> {
  if (count === 0) return;
  const arrivals = new EventEmitter();
  const quiet = new AbortController();
  let timer = setTimeout(() => quiet.abort(), QUIET_MS);
  await channel.prefetch(count);
  const iterator = on(arrivals, 'message', { signal: quiet.signal });
  const { consumerTag } = await channel
    .consume(DEAD_LETTER, (message) => arrivals.emit('message', message), { exclusive: true })
    .catch((cause: unknown) => {
      throw new DeadLettersBusyError(
        'another process is reading the dead letters; try again when it is done',
        { cause },
      );
    });
  try {
    let seen = 0;
    for await (const [message] of iterator as AsyncIterable<[ConsumeMessage | null]>) {
      clearTimeout(timer);
      if (!message) return;
      yield message;
      if (++seen === count) return;
      timer = setTimeout(() => quiet.abort(), QUIET_MS);
    }
  } catch (error) {
    if (!quiet.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    await channel.cancel(consumerTag);
  }
}

async function replay(
  channel: ConfirmChannel,
  message: ConsumeMessage,
  { force }: ReplayOptions,
): Promise<void> {
  const { attempts } = deadLetterFrom(message);
  const kept = keptProperties(message, {});
  const own = Object.fromEntries(
    Object.entries(senderHeaders(kept.headers)).filter(([name]) => !name.startsWith('x-dead-letter')),
  );
  let isReturned = false;
  channel.once('return', () => (isReturned = true));
  channel.publish(PAYMENTS_EXCHANGE, PAYMENT_REQUESTED, message.content, {
    ...kept,
    persistent: true,
    mandatory: true,
    timestamp: force ? Math.floor(Date.now() / 1000) : kept.timestamp,
    headers: {
      ...own,
      [HEADERS.attemptsBeforeReplay]: attempts,
      ...(force && kept.timestamp !== undefined && { [HEADERS.originalTimestamp]: kept.timestamp }),
    },
  });
  // Acknowledged only now: a crash in between makes a duplicate, never a loss.
  await channel.waitForConfirms();
  if (isReturned)
    throw new Error(`no queue takes '${PAYMENT_REQUESTED}'; start the service once, it declares the queue`);
  channel.ack(message);
}
