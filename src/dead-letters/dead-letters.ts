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
import { replayed, type ReplayOptions } from './replay';

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

/** Where dead letters are read from, and what is asked of others about them. */
export interface DeadLetterSources {
  readonly openChannel: () => Promise<ConfirmChannel>;
  readonly attempts: AttemptCounts;
}

/** Opened, to read; `steps` are what is asked of the broker on it. */
interface Open {
  readonly reading: Reading;
  readonly channel: ConfirmChannel;
  readonly steps: BrokerSteps;
}

/** Replays whose confirms are waited for together: a wait for each would take a hundred times as long. */
const REPLAYS_AT_ONCE = 200;
const CLOSE_WITHIN_MS = 2_000;

/**
 * What a person does with dead letters. Reading holds them for a moment and gives them back in their order; a message
 * leaves only when it is dropped, or when the broker has confirmed its replay.
 *
 * Each ends, with what was asked for or an error, within a limit on every step; in memory are what is answered, one
 * window of messages, and a number for each of the others.
 */
export class DeadLetters {
  private turn: Promise<unknown> = Promise.resolve();
  private current: Reading | undefined;

  constructor(private readonly sources: DeadLetterSources) {}

  /** How far the reading is that is under way, for people. */
  get progress(): string {
    return this.current ? `${this.current.seen} of ${this.current.total}` : 'connecting';
  }

  /** @throws DeadLettersBusyError, BrokerSilentError, as all the others do */
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

  /** Shows each to the caller, oldest first, without keeping any. */
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
   * Sends a message through the front door again, with its own key: what was charged is recognised and not charged
   * again. Its attempts start anew.
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
   * Replays what is there now, oldest first; what comes back meanwhile is left alone. Returns how many.
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
   * Removes a message for good.
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

  /** A crash between confirm and settling makes a duplicate, never a loss. */
  private async replayThese(
    messages: readonly ConsumeMessage[],
    { reading, channel, steps }: Open,
    options: ReplayOptions,
  ): Promise<number> {
    const target = { channel, steps, attempts: this.sources.attempts };
    const { taken, problem } = await replayed(messages, target, options);
    for (const message of taken) reading.settle(message);
    if (problem) throw problem;
    return taken.length;
  }

  /** One after the other in this process; what keeps others out knows only connections. */
  private read<T>(use: (open: Open) => Promise<T>): Promise<T> {
    const done = this.turn.then(() => this.readAlone(use));
    this.turn = done.catch(() => undefined);
    return done;
  }

  private async readAlone<T>(use: (open: Open) => Promise<T>): Promise<T> {
    const steps = new BrokerSteps();
    const channel = await steps.take('open a channel', this.sources.openChannel);
    // The broker's reason also rejects whatever is being waited for.
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
      // What was only read goes back to the queue with the channel, also after a failure.
      await new BrokerSteps(CLOSE_WITHIN_MS)
        .take('close a channel', () => channel.close())
        .catch(() => undefined);
    }
  }
}

async function find(reading: Reading, id: string): Promise<ConsumeMessage> {
  for await (const message of reading.messages()) {
    if (deadLetterFrom(message).id === id) return message;
  }
  throw new UnknownDeadLetterError(`no dead letter has the id '${id}'; list them to see which are there`);
}
