import { setTimeout as sleep } from 'node:timers/promises';
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

const BUSY = 'another process is reading the dead letters; try again when it is done';
const LOOKS = 10;
const LOOK_AGAIN_MS = 100;
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
      const messages = await readAll(channel);
      return { total: messages.length, deadLetters: messages.slice(0, limit).map(deadLetterFrom) };
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
      const messages = await readAll(channel);
      for (const message of messages) await replay(channel, message, options);
      return messages.length;
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
      // In their order; what has been acknowledged is not among them.
      channel.nackAll(true);
      await channel.close().catch(() => undefined);
    }
  }
}

async function find(channel: ConfirmChannel, id: string): Promise<ConsumeMessage> {
  const message = (await readAll(channel)).find((candidate) => deadLetterFrom(candidate).id === id);
  if (message) return message;
  throw new UnknownDeadLetterError(`no dead letter has the id '${id}'; list them to see which are there`);
}

/**
 * All messages there are, unacknowledged. All, also where one does not look at all: what is given back goes to the end
 * of the queue, so everything must go there.
 *
 * @throws DeadLettersBusyError while somebody else reads
 */
async function readAll(channel: ConfirmChannel): Promise<ConsumeMessage[]> {
  const messageCount = await countWhenAlone(channel);
  const messages: ConsumeMessage[] = [];
  let onArrival = (): void => undefined;
  await channel.prefetch(0);
  const take = (message: ConsumeMessage | null) => {
    if (message) messages.push(message);
    onArrival();
  };
  const { consumerTag } = await channel
    .consume(DEAD_LETTER, take, { exclusive: true })
    .catch((cause: unknown) => {
      throw new DeadLettersBusyError(BUSY, { cause });
    });
  while (messages.length < messageCount) {
    const seen = messages.length;
    const arrival = new Promise<void>((resolve) => (onArrival = resolve));
    await Promise.race([arrival, sleep(QUIET_MS, undefined, { ref: false })]);
    if (messages.length === seen) break;
  }
  await channel.cancel(consumerTag);
  return messages;
}

/** Quorum queues do not enforce exclusive consumers everywhere, and count one for a moment after it has gone. */
async function countWhenAlone(channel: ConfirmChannel): Promise<number> {
  for (let look = 1; look <= LOOKS; look++) {
    const { messageCount, consumerCount } = await channel.checkQueue(DEAD_LETTER);
    if (consumerCount === 0) return messageCount;
    await sleep(LOOK_AGAIN_MS);
  }
  throw new DeadLettersBusyError(BUSY);
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
  const onReturn = () => (isReturned = true);
  channel.on('return', onReturn);
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
  channel.off('return', onReturn);
  if (isReturned)
    throw new Error(`no queue takes '${PAYMENT_REQUESTED}'; start the service once, it declares the queue`);
  channel.ack(message);
}
