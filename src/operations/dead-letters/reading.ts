import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, ConsumeMessage, Message } from 'amqplib';
import { removeForeignHeaders } from '../../messaging/message-headers';
import { DEAD_LETTER } from '../../messaging/topology';
import { Arrivals } from './arrivals';
import { BrokerTimeoutError, type BrokerSteps } from './broker-steps';

/** Another process is reading the dead letters; two readers at once would hide messages from each other. */
export class DeadLettersLockedError extends Error {
  override readonly name = 'DeadLettersLockedError';
}

/** An exclusive queue as a lock: only one connection can declare it. A quorum queue ignores `exclusive` on consumers. */
const READER_LOCK = `${DEAD_LETTER}.reader`;
/** AMQP's code for a queue that belongs to another connection. */
const RESOURCE_LOCKED = 405;
/**
 * How much the client holds in memory at once. Each window has its own consumer, because a prefetch count is at most
 * 65,535. RabbitMQ limits by messages, not bytes, so the size of a window follows from the largest message so far; the
 * first windows are small, and the largest is safe while the broker accepts no large messages (`max_message_size`).
 */
const FIRST_WINDOW = 8;
const LARGEST_WINDOW = 128;
const WINDOW_BYTES = 8 * 1024 * 1024;
/** After this long without a message, check whether any is left. */
const QUIET_MS = 3_000;
/** Give up after this many checks that find messages left. */
const MAX_QUIET_CHECKS = 5;
/** The broker returns messages to the queue a moment after the `nack`. */
const BACK_AGAIN_MS = 2_000;
/**
 * RabbitMQ keeps the order of returned messages only in small batches: more than 32 messages of one `nack` come back in
 * hash order (an Erlang map), and it merges commands when more than 32 wait in the queue. Measured with 3.10; half of
 * the second limit leaves room for other clients.
 */
const BACK_AT_ONCE = 32;
const COMMANDS_AT_ONCE = 16;

/**
 * Reads the whole queue once, while no other process reads it.
 *
 * A quorum queue delivers returned messages before all others, and returns a message behind those returned earlier. So
 * the order stays only when all messages are taken and all are returned: if `list --limit 1` took only one, the oldest
 * message would become the last of the returned ones. Taken messages stay unacknowledged at the broker, and this process
 * keeps only their delivery tags, so a reading takes time for all and memory for few. If the process crashes, nothing is
 * lost, but RabbitMQ returns the messages in another order.
 */
export class Reading {
  /** Delivery tags of messages that are not settled and not returned, by consumer, in their order. */
  private readonly unsettled = new Map<string, Set<number>>();
  private taken = 0;
  private window = FIRST_WINDOW;
  private largestBytes = 1;

  private constructor(
    private readonly channel: ConfirmChannel,
    private readonly steps: BrokerSteps,
    /** The number of dead letters at the beginning. */
    readonly total: number,
  ) {}

  get seen(): number {
    return this.taken;
  }

  /** @throws DeadLettersLockedError, BrokerTimeoutError */
  static async begin(channel: ConfirmChannel, steps: BrokerSteps): Promise<Reading> {
    const options = { exclusive: true, durable: false, autoDelete: true };
    try {
      await steps.run('declare the reader lock', () => channel.assertQueue(READER_LOCK, options));
    } catch (cause) {
      throw isLocked(cause) ? lockedError(cause) : cause;
    }
    // Its only consumer keeps the lock: the queue is deleted when the channel ends, whatever the reason.
    await steps.run('start a consumer', () => channel.consume(READER_LOCK, () => undefined));
    const { messageCount, consumerCount } = await steps.run('count the dead letters', () =>
      channel.checkQueue(DEAD_LETTER),
    );
    if (consumerCount > 0) throw lockedError();
    return new Reading(channel, steps, messageCount);
  }

  /** All of them, oldest first. When the caller stops early, the rest is taken anyway, to keep the order (see above). */
  async *messages(): AsyncGenerator<ConsumeMessage> {
    const all = this.all();
    try {
      for (let next = await all.next(); next.done !== true; next = await all.next()) yield next.value;
    } finally {
      while ((await all.next()).done !== true);
    }
  }

  /** Removes a message from the queue. */
  settle(message: ConsumeMessage): void {
    this.channel.ack(message);
    this.unsettled.get(message.fields.consumerTag)?.delete(message.fields.deliveryTag);
  }

  /** Returns the messages that were not settled, in their order, and waits until the next reader can get them. */
  async end(): Promise<void> {
    let expected = await this.readyCount();
    let commands = 0;
    for (const tags of this.unsettled.values()) {
      for (const some of chunksOf(tags)) {
        this.channel.nack(messageWith(some.at(-1)), true, true);
        expected += some.length;
        if (++commands % COMMANDS_AT_ONCE === 0) await this.waitForReturn(expected);
      }
    }
    this.unsettled.clear();
    await this.waitForReturn(expected);
  }

  private async *all(): AsyncGenerator<ConsumeMessage, void> {
    while (this.taken < this.total) {
      const size = Math.min(this.window, this.total - this.taken);
      const messages = await this.takeWindow(size);
      yield* messages;
      if (messages.length < size) return;
    }
  }

  /**
   * The next messages; fewer than `size` when the queue is empty, because another client removed some. The consumer is
   * cancelled before the first is returned: otherwise each settlement would make the broker deliver one message more.
   */
  private async takeWindow(size: number): Promise<ConsumeMessage[]> {
    const arrivals = new Arrivals();
    this.channel.once('close', arrivals.fail);
    try {
      await this.steps.run('set the prefetch count', () => this.channel.prefetch(size));
      const { consumerTag } = await this.steps.run('start a consumer', () =>
        this.channel.consume(DEAD_LETTER, (message) => {
          if (message) this.noteArrived(message);
          arrivals.add(message);
        }),
      );
      const messages = await this.collect(arrivals, size);
      await this.steps.run('cancel a consumer', () => this.channel.cancel(consumerTag));
      messages.push(...arrivals.rest());
      this.unsettled.set(consumerTag, new Set(messages.map(({ fields }) => fields.deliveryTag)));
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

  private async collect(arrivals: Arrivals, size: number): Promise<ConsumeMessage[]> {
    const messages: ConsumeMessage[] = [];
    while (messages.length < size) {
      const message = await this.nextFrom(arrivals);
      if (!message) break;
      messages.push(message);
    }
    return messages;
  }

  /** Undefined when the queue is empty. Waits for a broker that is only slow. */
  private async nextFrom(arrivals: Arrivals): Promise<ConsumeMessage | undefined> {
    for (let checks = 0; checks < MAX_QUIET_CHECKS; checks++) {
      const message = await arrivals.next(QUIET_MS);
      if (message ?? (await this.readyCount()) === 0) return message;
    }
    throw new BrokerTimeoutError('RabbitMQ has dead letters but does not deliver them; try again later');
  }

  private async readyCount(): Promise<number> {
    const { messageCount } = await this.steps.run('count the dead letters', () =>
      this.channel.checkQueue(DEAD_LETTER),
    );
    return messageCount;
  }

  private async waitForReturn(expected: number): Promise<void> {
    for (const until = Date.now() + BACK_AGAIN_MS; (await this.readyCount()) < expected; await sleep(1)) {
      if (Date.now() > until) return;
    }
  }
}

function* chunksOf(tags: ReadonlySet<number>): Generator<number[]> {
  const all = [...tags];
  for (let start = 0; start < all.length; start += BACK_AT_ONCE) yield all.slice(start, start + BACK_AT_ONCE);
}

/** The client reads only the delivery tag. */
function messageWith(deliveryTag: number | undefined): Message {
  return { fields: { deliveryTag } } as Message;
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === RESOURCE_LOCKED;
}

function lockedError(cause?: unknown): DeadLettersLockedError {
  return new DeadLettersLockedError(
    'another process is reading the dead letters; try again when it has finished',
    {
      cause,
    },
  );
}
