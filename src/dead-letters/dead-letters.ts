import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { copyOf, senderHeaders } from '../messaging/message-copy';
import { HEADERS, PAYMENTS_EXCHANGE } from '../messaging/topology';
import {
  deadLetterContentFrom,
  deadLetterFrom,
  type DeadLetter,
  type DeadLetterContent,
} from './dead-letter';
import { isOfDeadLetter, originOf } from './origin';
import { Reading } from './reading';

/** No dead letter has the id; perhaps somebody else has dealt with it. */
export class UnknownDeadLetterError extends Error {
  override readonly name = 'UnknownDeadLetterError';
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

/**
 * What a person does with dead letters. Reading holds them for a moment and gives them back in their order; a message
 * leaves only when it is dropped, or when the broker has confirmed its replay.
 */
export class DeadLetters {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly openChannel: () => Promise<ConfirmChannel>) {}

  /** @throws DeadLettersBusyError, as all the others do */
  list(limit: number): Promise<DeadLetterList> {
    return this.read(async (reading) => {
      const deadLetters: DeadLetter[] = [];
      for await (const message of reading.messages()) {
        deadLetters.push(deadLetterFrom(message));
        if (deadLetters.length === limit) break;
      }
      return { total: reading.total, deadLetters };
    });
  }

  /** @throws UnknownDeadLetterError */
  show(id: string): Promise<DeadLetterContent> {
    return this.read(async (reading) => deadLetterContentFrom(await find(reading, id)));
  }

  /**
   * Sends a message through the front door again, with its own key: what was charged is recognised and not charged
   * again. Its attempts start anew.
   *
   * @throws UnknownDeadLetterError
   */
  replay(id: string, options: ReplayOptions): Promise<DeadLetter> {
    return this.read(async (reading, channel) => {
      const message = await find(reading, id);
      await replay(channel, message, options);
      reading.settle(message);
      return deadLetterFrom(message);
    });
  }

  /** Replays what is there now, oldest first; what comes back meanwhile is left alone. Returns how many. */
  replayAll(options: ReplayOptions): Promise<number> {
    return this.read(async (reading, channel) => {
      let replayed = 0;
      for await (const message of reading.messages()) {
        await replay(channel, message, options);
        reading.settle(message);
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
    return this.read(async (reading) => {
      const message = await find(reading, id);
      reading.settle(message);
      return deadLetterFrom(message);
    });
  }

  /** One after the other in this process; what keeps others out knows only connections. */
  private read<T>(use: (reading: Reading, channel: ConfirmChannel) => Promise<T>): Promise<T> {
    const done = this.turn.then(() => this.readAlone(use));
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async readAlone<T>(use: (reading: Reading, channel: ConfirmChannel) => Promise<T>): Promise<T> {
    const channel = await this.openChannel();
    // The broker's reason also rejects whatever is being waited for.
    channel.on('error', () => undefined);
    try {
      const reading = await Reading.begin(channel);
      try {
        return await use(reading, channel);
      } finally {
        await reading.end();
      }
    } finally {
      await channel.close().catch(() => undefined);
    }
  }
}

async function find(reading: Reading, id: string): Promise<ConsumeMessage> {
  for await (const message of reading.messages()) {
    if (deadLetterFrom(message).id === id) return message;
  }
  throw new UnknownDeadLetterError(`no dead letter has the id '${id}'; list them to see which are there`);
}

async function replay(
  channel: ConfirmChannel,
  message: ConsumeMessage,
  { force }: ReplayOptions,
): Promise<void> {
  const { attempts } = deadLetterFrom(message);
  const { properties: kept } = copyOf(message);
  const own = Object.fromEntries(
    Object.entries(senderHeaders(kept.headers)).filter(([name]) => !isOfDeadLetter(name)),
  );
  let isReturned = false;
  const onReturn = () => (isReturned = true);
  channel.on('return', onReturn);
  const routingKey = originOf(message);
  channel.publish(PAYMENTS_EXCHANGE, routingKey, message.content, {
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
  // Settled only after this: a crash in between makes a duplicate, never a loss.
  await channel.waitForConfirms();
  channel.off('return', onReturn);
  if (isReturned)
    throw new Error(`no queue takes '${routingKey}'; start the service once, it declares the queue`);
}
