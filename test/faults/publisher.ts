import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpSession } from '../support/amqp-session';
import { hostileMessages } from '../support/hostile-messages';
import type { JsonObject } from '../support/json';
import { publishRaw, rawText } from '../support/raw-amqp';
import { exchange, keyHeader, routingKey } from '../support/topology';
import type { Overrides, PlannedMessage, PlannedPayment } from './load';
import { PublishedLedger } from './ledger';

const answerWithinMs = 10_000;
const retryMs = 500;
/** Messages that are sent and not confirmed. */
const inFlightAtMost = 100;
/** Messages that may wait for a consumer; a machine that is slower than the schedule gets a longer run, not a longer queue. */
const backlogAtMost = 500;
const backlogEveryMs = 500;
/** Consumers without progress for so long are stuck: the run stops waiting and reports it. */
const standstillMs = 300_000;

interface Outgoing {
  messageId: string;
  body: string | Buffer;
  headers: JsonObject;
  overrides: Overrides | undefined;
}

export interface PublisherSettings {
  url: string;
  /** Whether the gateway has charged or declined a payment. */
  hasOutcome: (key: string) => Promise<boolean>;
  /** How many messages wait for a consumer. */
  backlog: () => Promise<number>;
}

/** Publishes like a careful client: waits for each publisher confirm, and without one publishes again under the same key. */
export class Publisher {
  readonly ledger = new PublishedLedger();
  private readonly session: AmqpSession;
  private readonly inFlight = new Set<Promise<void>>();
  private giveUp = false;
  private stuck = false;

  constructor(private readonly settings: PublisherSettings) {
    this.session = new AmqpSession(settings.url);
  }

  /** Publishes each message at its time, or as soon as possible after it. */
  async publishAll(messages: readonly PlannedMessage[], startedAt: number): Promise<void> {
    let lookedAt = 0;
    for (const message of messages) {
      if (Date.now() - lookedAt > backlogEveryMs) {
        await this.untilBacklogIsSmall();
        lookedAt = Date.now();
      }
      const early = startedAt + message.atMs - Date.now();
      if (early > 0) await sleep(early);
      while (this.inFlight.size >= inFlightAtMost) await Promise.race(this.inFlight);
      this.begin(message);
    }
  }

  /** Resolves when the message is confirmed. */
  async publish(message: PlannedMessage): Promise<void> {
    const { overrides } = message;
    const messageId = overrides?.messageId ?? randomUUID();
    const messageOf = (payment: PlannedPayment): Outgoing => ({
      messageId,
      body: JSON.stringify(payment),
      headers: keyIn(payment),
      overrides,
    });
    switch (message.kind) {
      case 'first':
      case 'copy':
      case 'late': {
        const { payment } = message;
        this.ledger.sending(messageId, message);
        await this.untilConfirmed(messageOf(payment));
        this.ledger.confirmed(payment.idempotencyKey);
        return;
      }
      case 'rejected': {
        const { payment, what, reason } = message;
        this.ledger.sendingHostile({ messageId, what, reason });
        await this.untilConfirmed(messageOf(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'reuse': {
        const { payment } = message;
        // Before the outcome it would be open which of the two payloads claims the key.
        if (!(await this.untilOutcome(payment.idempotencyKey))) return;
        this.ledger.sendingHostile({
          messageId,
          what: 'a key reused for another amount',
          reason: 'idempotency-key-reused',
          reusedKey: payment.idempotencyKey,
        });
        await this.untilConfirmed(messageOf(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'hostile': {
        const hostile = hostileMessages.find(({ name }) => name === message.name);
        if (hostile === undefined) throw new Error(`unknown hostile message "${message.name}"`);
        const { name, reason, body, headers } = hostile;
        this.ledger.sendingHostile({ messageId, what: name, reason });
        await this.untilConfirmed({ messageId, body, headers, overrides });
        return this.ledger.confirmedHostile(messageId);
      }
      default:
        return message satisfies never;
    }
  }

  /** Waits a limited time for messages in flight: those that are still not confirmed may have arrived or not. */
  async finish(withinMs: number): Promise<void> {
    await Promise.race([Promise.all(this.inFlight), sleep(withinMs, undefined, { ref: false })]);
    this.giveUp = true;
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

  private begin(message: PlannedMessage): void {
    // The error needs no report: the ledger does not list the message as confirmed.
    const published = this.publish(message)
      .catch(() => undefined)
      .finally(() => this.inFlight.delete(published));
    this.inFlight.add(published);
  }

  private async untilOutcome(key: string): Promise<boolean> {
    while (!this.giveUp) {
      if (await this.settings.hasOutcome(key)) return true;
      await sleep(retryMs);
    }
    return false;
  }

  private async untilConfirmed(message: Outgoing): Promise<void> {
    while (!this.giveUp) {
      try {
        return await this.send(message);
      } catch {
        await sleep(retryMs);
      }
    }
    throw new Error('the run ended before the broker confirmed a message');
  }

  private async send({ messageId, body, headers, overrides = {} }: Outgoing): Promise<void> {
    const channel = await this.session.publishing();
    const { correlationId, timestamp = Math.floor(Date.now() / 1000) } = overrides;
    const content = Buffer.from(body);
    const confirmed = overrides.headers
      ? publishRaw(channel, {
          ...{ exchange, routingKey, messageId, timestamp, body: content },
          headers: [
            ...Object.entries(headers).map(([name, text]) => [name, rawText(String(text))] as const),
            ...overrides.headers,
          ],
        })
      : new Promise<void>((resolve, reject) => {
          const options = {
            ...{ persistent: true, contentType: 'application/json', headers, messageId, timestamp },
            ...(correlationId !== undefined && { correlationId }),
          };
          channel.publish(exchange, routingKey, content, options, (refused: unknown) =>
            refused ? reject(new Error('not confirmed', { cause: refused })) : resolve(),
          );
        });
    await within(answerWithinMs, confirmed);
  }
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

function keyIn({ idempotencyKey }: { idempotencyKey: string }): JsonObject {
  return { [keyHeader]: idempotencyKey };
}
