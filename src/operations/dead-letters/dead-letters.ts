import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import type { AttemptCounts } from './attempt-counts';
import { BrokerSteps } from './broker-steps';
import {
  deadLetterContentFrom,
  deadLetterFrom,
  type DeadLetter,
  type DeadLetterContent,
} from './dead-letter';
import { Reading } from './reading';
import { replayMessages, type ReplayOptions } from './replay';

/** No dead letter has the id; another process may have replayed or dropped it. */
export class UnknownDeadLetterError extends Error {
  override readonly name = 'UnknownDeadLetterError';
}

export interface DeadLetterList {
  /** All dead letters in the queue. */
  readonly total: number;
  /** Oldest first. */
  readonly deadLetters: DeadLetter[];
}

/** What reading and replaying dead letters depends on. */
export interface DeadLetterSources {
  readonly openChannel: () => Promise<ConfirmChannel>;
  readonly attempts: AttemptCounts;
}

interface Open {
  readonly reading: Reading;
  readonly channel: ConfirmChannel;
  readonly steps: BrokerSteps;
}

/** Replays that wait for their publisher confirms together: one wait for each would take a hundred times as long. */
const REPLAYS_AT_ONCE = 200;
const CLOSE_WITHIN_MS = 2_000;

/**
 * What an operator does with dead letters. Reading takes them for a moment and returns them in their order; a message
 * leaves the queue only when it is dropped, or when the broker has confirmed its replay.
 *
 * Every broker step has a time limit. Memory holds the result, one window of messages, and a delivery tag for each of
 * the others.
 */
export class DeadLetters {
  private turn: Promise<unknown> = Promise.resolve();
  private current: Reading | undefined;

  constructor(private readonly sources: DeadLetterSources) {}

  /** Progress of the current reading, for people. */
  get progress(): string {
    return this.current ? `${this.current.seen} of ${this.current.total}` : 'connecting';
  }

  /** @throws DeadLettersLockedError, BrokerTimeoutError, like every method below */
  async list(limit: number): Promise<DeadLetterList> {
    const deadLetters: DeadLetter[] = [];
    const total = await this.read(async ({ reading }) => {
      for await (const message of reading.messages()) {
        deadLetters.push(deadLetterFrom(message));
        if (deadLetters.length === limit) break;
      }
      return reading.total;
    });
    return { total, deadLetters };
  }

  /** Calls `show` with each dead letter, oldest first, and keeps none in memory. */
  each(show: (letter: DeadLetter) => void): Promise<void> {
    return this.read(async ({ reading }) => {
      for await (const message of reading.messages()) show(deadLetterFrom(message));
    });
  }

  /** @throws UnknownDeadLetterError */
  show(id: string): Promise<DeadLetterContent> {
    return this.read(async ({ reading }) => deadLetterContentFrom(await find(reading, id)));
  }

  /**
   * Publishes a message to its queue again, with its own key: a payment that was charged is recognised and not charged
   * again. It gets all its attempts again.
   *
   * @throws UnknownDeadLetterError, StoreUnavailableError
   */
  replay(id: string, options: ReplayOptions): Promise<DeadLetter> {
    return this.read(async (open) => {
      const message = await find(open.reading, id);
      await this.replayThese([message], open, options);
      return deadLetterFrom(message);
    });
  }

  /**
   * Replays the messages that are in the queue now, oldest first, and not those that are dead-lettered again meanwhile.
   * Returns how many it replayed.
   *
   * @throws StoreUnavailableError
   */
  replayAll(options: ReplayOptions): Promise<number> {
    return this.read(async (open) => {
      let count = 0;
      let next: ConsumeMessage[] = [];
      for await (const message of open.reading.messages()) {
        next.push(message);
        if (next.length < REPLAYS_AT_ONCE) continue;
        count += await this.replayThese(next, open, options);
        next = [];
      }
      return count + (await this.replayThese(next, open, options));
    });
  }

  /**
   * Removes a message permanently.
   *
   * @throws UnknownDeadLetterError
   */
  drop(id: string): Promise<DeadLetter> {
    return this.read(async ({ reading }) => {
      const message = await find(reading, id);
      reading.settle(message);
      return deadLetterFrom(message);
    });
  }

  /** A crash between publisher confirm and settlement leaves a duplicate, never a loss. */
  private async replayThese(
    messages: readonly ConsumeMessage[],
    { reading, channel, steps }: Open,
    options: ReplayOptions,
  ): Promise<number> {
    const target = { channel, steps, attempts: this.sources.attempts };
    const { accepted, problem } = await replayMessages(messages, target, options);
    for (const message of accepted) reading.settle(message);
    if (problem) throw problem;
    return accepted.length;
  }

  /** One at a time in this process: the broker's lock is per connection, so it only keeps other processes out. */
  private read<T>(use: (open: Open) => Promise<T>): Promise<T> {
    const done = this.turn.then(() => this.readExclusively(use));
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async readExclusively<T>(use: (open: Open) => Promise<T>): Promise<T> {
    const steps = new BrokerSteps();
    const channel = await steps.run('open a channel', this.sources.openChannel);
    // The operation that is waiting is rejected with the same error.
    channel.on('error', () => undefined);
    try {
      const reading = await Reading.begin(channel, steps);
      this.current = reading;
      try {
        return await use({ reading, channel, steps });
      } finally {
        await reading.end();
      }
    } finally {
      this.current = undefined;
      // Closing the channel returns every message that was only read, also after a failure.
      await new BrokerSteps(CLOSE_WITHIN_MS)
        .run('close a channel', () => channel.close())
        .catch(() => undefined);
    }
  }
}

async function find(reading: Reading, id: string): Promise<ConsumeMessage> {
  for await (const message of reading.messages()) {
    if (deadLetterFrom(message).id === id) return message;
  }
  throw new UnknownDeadLetterError(`no dead letter has the id '${id}'; list them to see the ids`);
}
