import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpSession } from '../support/amqp-session';
import { hostileMessages } from '../support/hostile-messages';
import type { JsonObject } from '../support/json';
import { publishRaw, rawText } from '../support/raw-amqp';
import { exchange, keyHeader, routingKey } from '../support/topology';
import type { Disguise, PlannedMessage, PlannedPayment } from './load';
import { PublishedLedger } from './ledger';

const confirmWithinMs = 10_000;
const retryMs = 500;
/** Messages on their way to the broker at the same time. */
const inFlightAtMost = 100;
/** Messages that may wait for a consumer; a machine that is slower than the plan gets a longer run, not a heap. */
const backlogAtMost = 500;
const backlogEveryMs = 500;
/** Consumers that do nothing for so long will not do more by being waited for: the run shall end and say so. */
const standstillMs = 300_000;

interface Outgoing {
  messageId: string;
  body: string | Buffer;
  headers: JsonObject;
  disguise: Disguise | undefined;
}

export interface PublisherPlace {
  url: string;
  /** Whether the gateway has charged or declined a payment. */
  hasOutcome: (key: string) => Promise<boolean>;
  /** How many messages wait for a consumer. */
  backlog: () => Promise<number>;
}

/** Publishes as a careful customer does: waits for each confirm, and without one repeats under the same key. */
export class Publisher {
  readonly ledger = new PublishedLedger();
  private readonly session: AmqpSession;
  private readonly underWay = new Set<Promise<void>>();
  private giveUp = false;
  private standstill = false;

  constructor(private readonly place: PublisherPlace) {
    this.session = new AmqpSession(place.url);
  }

  /** Publishes each message at its time, or as soon after it as the broker lets it. */
  async publishAll(messages: readonly PlannedMessage[], startedAt: number): Promise<void> {
    let lookedAt = 0;
    for (const message of messages) {
      if (Date.now() - lookedAt > backlogEveryMs) {
        await this.untilThereIsRoom();
        lookedAt = Date.now();
      }
      const early = startedAt + message.atMs - Date.now();
      if (early > 0) await sleep(early);
      while (this.underWay.size >= inFlightAtMost) await Promise.race(this.underWay);
      this.begin(message);
    }
  }

  /** Resolves when it is confirmed. */
  async publish(message: PlannedMessage): Promise<void> {
    const { disguise } = message;
    const messageId = disguise?.messageId ?? randomUUID();
    const paying = (payment: PlannedPayment): Outgoing => ({
      messageId,
      body: JSON.stringify(payment),
      headers: keyIn(payment),
      disguise,
    });
    switch (message.kind) {
      case 'first':
      case 'copy':
      case 'late': {
        const { payment } = message;
        this.ledger.sending(messageId, message);
        await this.untilConfirmed(paying(payment));
        this.ledger.confirmed(payment.idempotencyKey);
        return;
      }
      case 'refused': {
        const { payment, what, reason } = message;
        this.ledger.sendingHostile({ messageId, what, reason });
        await this.untilConfirmed(paying(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'reuse': {
        const { payment } = message;
        // Earlier, the payload that arrives first would be the one that counts.
        if (!(await this.untilOutcome(payment.idempotencyKey))) return;
        this.ledger.sendingHostile({
          messageId,
          what: 'a key used again for another amount',
          reason: 'idempotency-key-reused',
          reusedKey: payment.idempotencyKey,
        });
        await this.untilConfirmed(paying(payment));
        return this.ledger.confirmedHostile(messageId);
      }
      case 'hostile': {
        const hostile = hostileMessages.find(({ name }) => name === message.name);
        if (hostile === undefined) throw new Error(`there is no hostile message "${message.name}"`);
        const { name, reason, body, headers } = hostile;
        this.ledger.sendingHostile({ messageId, what: name, reason });
        await this.untilConfirmed({ messageId, body, headers, disguise });
        return this.ledger.confirmedHostile(messageId);
      }
      default:
        return message satisfies never;
    }
  }

  /** Waits for what is under way, but not for ever: what is still not confirmed then may have arrived or not. */
  async finish(withinMs: number): Promise<void> {
    await Promise.race([Promise.all(this.underWay), sleep(withinMs, undefined, { ref: false })]);
    this.giveUp = true;
    await this.session.close();
  }

  /** Without an answer there may be room or not; then the broker is away, and publishing waits by itself. */
  private async untilThereIsRoom(): Promise<void> {
    let least = Number.POSITIVE_INFINITY;
    let deadline = 0;
    while (!this.standstill) {
      const backlog = await this.place.backlog().catch(() => 0);
      if (backlog <= backlogAtMost) return;
      if (backlog < least) {
        least = backlog;
        deadline = Date.now() + standstillMs;
      }
      this.standstill = Date.now() > deadline;
      await sleep(backlogEveryMs);
    }
  }

  private begin(message: PlannedMessage): void {
    // What was not confirmed is not in the ledger as confirmed; there is nobody else to tell.
    const published = this.publish(message)
      .catch(() => undefined)
      .finally(() => this.underWay.delete(published));
    this.underWay.add(published);
  }

  private async untilOutcome(key: string): Promise<boolean> {
    while (!this.giveUp) {
      if (await this.place.hasOutcome(key)) return true;
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

  private async send({ messageId, body, headers, disguise = {} }: Outgoing): Promise<void> {
    const channel = await this.session.publishing();
    const { correlationId, timestamp = Math.floor(Date.now() / 1000) } = disguise;
    const content = Buffer.from(body);
    const confirmed = disguise.headers
      ? publishRaw(channel, {
          ...{ exchange, routingKey, messageId, timestamp, body: content },
          headers: [
            ...Object.entries(headers).map(([name, text]) => [name, rawText(String(text))] as const),
            ...disguise.headers,
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
    await within(confirmWithinMs, confirmed);
  }
}

async function within(ms: number, confirmed: Promise<void>): Promise<void> {
  const late = new AbortController();
  const outOfTime = sleep(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error('no confirm in time');
  });
  try {
    await Promise.race([confirmed, outOfTime]);
  } finally {
    outOfTime.catch(() => undefined);
    late.abort();
  }
}

function keyIn({ idempotencyKey }: { idempotencyKey: string }): JsonObject {
  return { [keyHeader]: idempotencyKey };
}
