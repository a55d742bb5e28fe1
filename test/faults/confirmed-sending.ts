import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfirmChannel, Options } from 'amqplib';
import { AmqpSession } from '../support/amqp-session';

const answerWithinMs = 10_000;
const retryMs = 500;
/** Messages that are sent and not confirmed. */
const inFlightAtMost = 100;
/** Messages that may wait for a consumer; a machine that is slower than the schedule gets a longer run, not a longer queue. */
const backlogAtMost = 500;
const backlogEveryMs = 500;
/** Consumers without progress for so long are stuck: the run stops waiting and reports it. */
const standstillMs = 300_000;

export interface SendingSettings {
  url: string;
  /** How many messages wait for a consumer. */
  backlog: () => Promise<number>;
}

/** Sends like a careful client: waits for each publisher confirm, and without one sends the same message again. */
export class ConfirmedSending {
  private readonly session: AmqpSession;
  private readonly inFlight = new Set<Promise<void>>();
  private ended = false;
  private stuck = false;

  constructor(private readonly settings: SendingSettings) {
    this.session = new AmqpSession(settings.url);
  }

  /** Publishes each message at its time, or as soon as possible after it. */
  async publishAll<M extends { atMs: number }>(
    messages: readonly M[],
    startedAt: number,
    publish: (message: M) => Promise<void>,
  ): Promise<void> {
    let lookedAt = 0;
    for (const message of messages) {
      if (Date.now() - lookedAt > backlogEveryMs) {
        await this.untilBacklogIsSmall();
        lookedAt = Date.now();
      }
      const early = startedAt + message.atMs - Date.now();
      if (early > 0) await sleep(early);
      while (this.inFlight.size >= inFlightAtMost) await Promise.race(this.inFlight);
      this.begin(() => publish(message));
    }
  }

  /** Repeats the check until it holds; false if the run ended before. */
  async until(holds: () => Promise<boolean>): Promise<boolean> {
    while (!this.ended) {
      if (await holds()) return true;
      await sleep(retryMs);
    }
    return false;
  }

  /** @param send resolves when the broker has confirmed the message */
  async untilConfirmed(send: (channel: ConfirmChannel) => Promise<void>): Promise<void> {
    while (!this.ended) {
      try {
        return await within(answerWithinMs, send(await this.session.publishing()));
      } catch {
        await sleep(retryMs);
      }
    }
    throw new Error('the run ended before the broker confirmed a message');
  }

  /** Waits a limited time for messages in flight: those that are still not confirmed may have arrived or not. */
  async finish(withinMs: number): Promise<void> {
    await Promise.race([Promise.all(this.inFlight), sleep(withinMs, undefined, { ref: false })]);
    this.ended = true;
    await this.session.close();
  }

  /** If the broker does not answer, the backlog counts as empty: publishing waits for the broker in any case. */
  private async untilBacklogIsSmall(): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    let deadline = 0;
    while (!this.stuck) {
      // If the connection dies while a channel closes, the client never answers.
      const backlog = await within(answerWithinMs, this.settings.backlog()).catch(() => 0);
      if (backlog <= backlogAtMost) return;
      if (backlog < least) {
        least = backlog;
        deadline = Date.now() + standstillMs;
      }
      this.stuck = Date.now() > deadline;
      await sleep(backlogEveryMs);
    }
  }

  private begin(publish: () => Promise<void>): void {
    // The error needs no report: the ledger does not list the message as confirmed.
    const published = publish()
      .catch(() => undefined)
      .finally(() => this.inFlight.delete(published));
    this.inFlight.add(published);
  }
}

/** Sends a message with the client's own encoding. Resolves when the broker has confirmed it. */
export function sendConfirmed(
  channel: ConfirmChannel,
  { exchange, routingKey, body, properties }: OrdinaryMessage,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { persistent: true, contentType: 'application/json', ...properties };
    channel.publish(exchange, routingKey, Buffer.from(body), options, (refused: unknown) =>
      refused ? reject(new Error('not confirmed', { cause: refused })) : resolve(),
    );
  });
}

interface OrdinaryMessage {
  exchange: string;
  routingKey: string;
  body: string | Buffer;
  properties: Options.Publish;
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const late = new AbortController();
  const outOfTime = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error('no answer in time');
  });
  try {
    return await Promise.race([answer, outOfTime]);
  } finally {
    outOfTime.catch(() => undefined);
    late.abort();
  }
}
