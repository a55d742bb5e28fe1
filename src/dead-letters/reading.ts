import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { removeForeignHeaders } from '../messaging/message-origin';
import { DEAD_LETTER } from '../messaging/topology';
import { Arrivals } from './arrivals';
import { BrokerSilentError, type BrokerSteps } from './broker-steps';

/** Another process is reading the dead letters; two at once would hide messages from each other. */
export class DeadLettersBusyError extends Error {
  override readonly name = 'DeadLettersBusyError';
}

/** Only one connection at a time may have it. A quorum queue itself grants every consumer, also an exclusive one. */
const READER_LOCK = `${DEAD_LETTER}.reader`;
/** AMQP's code for a queue that belongs to another connection. */
const RESOURCE_LOCKED = 405;
/**
 * What the client may hold in memory at once. Each window has a consumer of its own: AMQP counts only to 65,535. RabbitMQ
 * counts messages and no bytes, so a window is as large as messages of the largest size seen so far allow; the first ones
 * are small, and the largest is no risk while the broker takes no large messages (`max_message_size`).
 */
const FIRST_WINDOW = 8;
const LARGEST_WINDOW = 128;
const WINDOW_BYTES = 8 * 1024 * 1024;
/** After this long without another message we look whether any is left. */
const QUIET_MS = 3_000;
/** Looks in vain, although some are left. */
const QUIET_LOOKS = 5;
/** The broker puts back what was read a moment after it was told to. */
const BACK_AGAIN_MS = 2_000;
/**
 * RabbitMQ puts messages back in the order in which it is told only as long as it is told of few at once: those of one
 * `nack` come back in the order of a hash when there are more than 32 (an Erlang map), and it joins what it is told
 * when more than 32 commands wait in the queue. Measured with 3.10; half of the second limit leaves room for others.
 */
const BACK_AT_ONCE = 32;
const COMMANDS_AT_ONCE = 16;

/**
 * One look into the queue, during which nobody else looks.
 *
 * A quorum queue gives out what was put back before it gives out the rest, and puts back behind what is there already.
 * So the order stays only when all are taken and all are put back, however few one wants to see: after `list --limit 1`
 * that had taken one, the first would be the last of those that were ever looked at. Taken messages stay unacknowledged
 * at the broker; here nothing is kept of them but their delivery tags, so a look needs time for all and memory for few.
 * A reader that dies loses nothing, but RabbitMQ then puts them back in an order of its own.
 */
export class Reading {
  /** Delivery tags of what is neither settled nor put back, by consumer, in their order. */
  private readonly held = new Map<string, Set<number>>();
  private taken = 0;
  private window = FIRST_WINDOW;
  private largestBytes = 1;

  private constructor(
    private readonly channel: ConfirmChannel,
    private readonly steps: BrokerSteps,
    /** How many dead letters there were at the beginning. */
    readonly total: number,
  ) {}

  /** How many of them were taken so far. */
  get seen(): number {
    return this.taken;
  }

  /** @throws DeadLettersBusyError, BrokerSilentError */
  static async begin(channel: ConfirmChannel, steps: BrokerSteps): Promise<Reading> {
    const options = { exclusive: true, durable: false, autoDelete: true };
    try {
      await steps.take('say who reads', () => channel.assertQueue(READER_LOCK, options));
    } catch (cause) {
      throw isLocked(cause) ? busy(cause) : cause;
    }
    // Its only consumer keeps it: it goes with the channel, however that ends.
    await steps.take('answer a consumer', () => channel.consume(READER_LOCK, () => undefined));
    const { messageCount, consumerCount } = await steps.take('count the dead letters', () =>
      channel.checkQueue(DEAD_LETTER),
    );
    if (consumerCount > 0) throw busy();
    return new Reading(channel, steps, messageCount);
  }

  /** All of them, oldest first. When the caller stops early, the rest is taken all the same: see above. */
  async *messages(): AsyncGenerator<ConsumeMessage> {
    const all = this.all();
    try {
      for (let next = await all.next(); next.done !== true; next = await all.next()) yield next.value;
    } finally {
      while ((await all.next()).done !== true);
    }
  }

  /** Removes a message for good. */
  settle(message: ConsumeMessage): void {
    this.channel.ack(message);
    this.held.get(message.fields.consumerTag)?.delete(message.fields.deliveryTag);
  }

  /** Puts back, in their order, what was not settled, and waits until it is there for the next reader. */
  async end(): Promise<void> {
    let expected = await this.ready();
    let commands = 0;
    for (const tags of this.held.values()) {
      for (const some of chunksOf(tags)) {
        this.channel.nack(messageWith(some.at(-1)), true, true);
        expected += some.length;
        if (++commands % COMMANDS_AT_ONCE === 0) await this.untilBack(expected);
      }
    }
    this.held.clear();
    await this.untilBack(expected);
  }

  private async *all(): AsyncGenerator<ConsumeMessage, void> {
    while (this.taken < this.total) {
      const size = Math.min(this.window, this.total - this.taken);
      const messages = await this.take(size);
      yield* messages;
      if (messages.length < size) return;
    }
  }

  /**
   * The next ones; fewer when there are no more, because they were taken away elsewhere. The consumer has ended before
   * the first is looked at: what is settled while it lives makes room for more than were asked for.
   */
  private async take(size: number): Promise<ConsumeMessage[]> {
    const arrivals = new Arrivals();
    this.channel.once('close', arrivals.fail);
    try {
      await this.steps.take('take a limit', () => this.channel.prefetch(size));
      const { consumerTag } = await this.steps.take('answer a consumer', () =>
        this.channel.consume(DEAD_LETTER, (message) => {
          if (message) this.noteArrived(message);
          arrivals.add(message);
        }),
      );
      const messages = await this.allOf(arrivals, size);
      await this.steps.take('end a consumer', () => this.channel.cancel(consumerTag));
      messages.push(...arrivals.rest());
      this.held.set(consumerTag, new Set(messages.map(({ fields }) => fields.deliveryTag)));
      this.taken += messages.length;
      this.window = Math.max(
        1,
        Math.min(LARGEST_WINDOW, this.window * 2, Math.floor(WINDOW_BYTES / this.largestBytes)),
      );
      return messages;
    } finally {
      this.channel.off('close', arrivals.fail);
    }
  }

  private noteArrived(message: ConsumeMessage): void {
    removeForeignHeaders(message);
    this.largestBytes = Math.max(this.largestBytes, message.content.length);
  }

  private async allOf(arrivals: Arrivals, size: number): Promise<ConsumeMessage[]> {
    const messages: ConsumeMessage[] = [];
    while (messages.length < size) {
      const message = await this.nextOf(arrivals);
      if (!message) break;
      messages.push(message);
    }
    return messages;
  }

  /** Undefined when there are none any more. A broker that only takes its time is waited for. */
  private async nextOf(arrivals: Arrivals): Promise<ConsumeMessage | undefined> {
    for (let looks = 0; looks < QUIET_LOOKS; looks++) {
      const message = await arrivals.next(QUIET_MS);
      if (message ?? (await this.ready()) === 0) return message;
    }
    throw new BrokerSilentError('RabbitMQ counts dead letters and does not give them out; try again later');
  }

  private async ready(): Promise<number> {
    const { messageCount } = await this.steps.take('count the dead letters', () =>
      this.channel.checkQueue(DEAD_LETTER),
    );
    return messageCount;
  }

  private async untilBack(expected: number): Promise<void> {
    for (const until = Date.now() + BACK_AGAIN_MS; (await this.ready()) < expected; await sleep(1)) {
      if (Date.now() > until) return;
    }
  }
}

function* chunksOf(tags: ReadonlySet<number>): Generator<number[]> {
  const all = [...tags];
  for (let start = 0; start < all.length; start += BACK_AT_ONCE) yield all.slice(start, start + BACK_AT_ONCE);
}

/** All that the client needs to name a message to the broker. */
function messageWith(deliveryTag: number | undefined): Message {
  return { fields: { deliveryTag } } as Message;
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === RESOURCE_LOCKED;
}

function busy(cause?: unknown): DeadLettersBusyError {
  return new DeadLettersBusyError('another process is reading the dead letters; try again when it is done', {
    cause,
  });
}
