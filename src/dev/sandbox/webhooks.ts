import type { FaultInjection } from './fault-injection';
import type { FaultTarget } from './faults';
import type { EntryFacts, PaymentEntry } from './journal-entry';
import { pause } from './pause';
import type { WebhookTarget } from './settings';
import { eventOf, signatureOf } from './webhook-event';
import type { WebhookEvent } from './webhook-event';

/** What `GET /_sandbox/webhooks` shows of an event. */
interface WebhookState {
  id: string;
  type: string;
  key: string | null;
  attempts: number;
  /** Of the latest attempt; `null` without an answer. */
  lastStatus: number | null;
  delivered: boolean;
}

/** An event and how far its delivery is. */
interface Delivery {
  event: WebhookEvent;
  attempts: number;
  lastStatus: number | null;
  delivered: boolean;
}

export interface WebhookLimits {
  attempts: number;
  answerWithinMs: number;
  firstPauseMs: number;
  longestPauseMs: number;
  /** Events under delivery; while a receiver is away, more of them are lost. */
  underDelivery: number;
  /** Events that are listed, and can be sent again. */
  listed: number;
}

// The pauses add up to four and a half minutes: longer than a receiver needs for its restart.
const usualLimits: WebhookLimits = {
  attempts: 15,
  answerWithinMs: 10_000,
  firstPauseMs: 500,
  longestPauseMs: 30_000,
  underDelivery: 1_000,
  listed: 200,
};

/** Sends signed events, at least once while the sandbox runs, in no particular order. */
export class Webhooks {
  private readonly latest: Delivery[] = [];
  private readonly stopping = new AbortController();
  private underDelivery = 0;

  constructor(
    private readonly target: WebhookTarget | null,
    private readonly injection: FaultInjection,
    private readonly limits = usualLimits,
  ) {}

  /** Returns at once: no payment waits for the receiver of its events. */
  send(entry: PaymentEntry): void {
    const { target } = this;
    if (target === null) return;
    const delivery: Delivery = { event: eventOf(entry), attempts: 0, lastStatus: null, delivered: false };
    this.latest.push(delivery);
    if (this.latest.length > this.limits.listed) this.latest.shift();
    this.start(delivery, () => this.sendWithFaults(delivery, { entry, target }));
  }

  /** Delivers an event that was sent before, also if it arrived; undefined if it is not among the latest. */
  resend(id: string): WebhookState | undefined {
    const { target } = this;
    const delivery = this.latest.find(({ event }) => event.id === id);
    if (delivery === undefined || target === null) return undefined;
    this.start(delivery, () => this.deliver(delivery, target));
    return stateOf(delivery);
  }

  /** The latest events, oldest first. */
  list(): WebhookState[] {
    return this.latest.map(stateOf);
  }

  /** Events that have not arrived are lost. */
  stop(): void {
    this.stopping.abort();
  }

  private start({ event }: Delivery, work: () => Promise<void>): void {
    if (this.underDelivery >= this.limits.underDelivery) {
      process.stderr.write(
        `${event.id} (${event.type}) is lost: ${this.underDelivery} others have not arrived\n`,
      );
      return;
    }
    this.underDelivery += 1;
    work()
      .catch((error: unknown) => {
        if (this.stopping.signal.aborted) return;
        process.stderr.write(`${event.id} (${event.type}) is lost: ${String(error)}\n`);
      })
      .finally(() => {
        this.underDelivery -= 1;
      });
  }

  private async sendWithFaults(
    delivery: Delivery,
    { entry, target }: { entry: PaymentEntry; target: WebhookTarget },
  ): Promise<void> {
    const webhook = { target: targetOf(entry, delivery.event), facts: factsOf(entry) };
    const lost = await this.injection.apply(['webhook-lost'], webhook);
    if (lost) return;
    const late = await this.injection.apply(['webhook-late'], webhook);
    const twice = await this.injection.apply(['webhook-twice'], webhook);
    await pause(late?.delayMs ?? 0, this.stopping.signal);
    const copies = twice ? [delivery, delivery] : [delivery];
    await Promise.all(copies.map((copy) => this.deliver(copy, target)));
  }

  private async deliver(delivery: Delivery, target: WebhookTarget): Promise<void> {
    const { attempts, firstPauseMs, longestPauseMs } = this.limits;
    for (let failures = 0; failures < attempts; failures++) {
      if (failures > 0) {
        await pause(Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs), this.stopping.signal);
      }
      if (await this.attempt(delivery, target)) return;
    }
    process.stderr.write(
      `${delivery.event.id} (${delivery.event.type}) is lost after ${attempts} attempts\n`,
    );
  }

  /** Whether the event arrived. */
  private async attempt(delivery: Delivery, target: WebhookTarget): Promise<boolean> {
    delivery.attempts += 1;
    const status = await this.post(delivery.event, target);
    delivery.lastStatus = status;
    if (status === null || status < 200 || status > 299) return false;
    delivery.delivered = true;
    return true;
  }

  /** The receiver's answer; `null` without one. */
  private async post({ body }: WebhookEvent, { url, secret }: WebhookTarget): Promise<number | null> {
    const { signal } = this.stopping;
    const atSeconds = Math.floor(Date.now() / 1000);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Stripe-Signature': signatureOf(body, { secret, atSeconds }),
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.limits.answerWithinMs)]),
      });
      await answer.body?.cancel();
      return answer.status;
    } catch (error) {
      if (signal.aborted) throw error;
      return null;
    }
  }
}

function stateOf({ event, attempts, lastStatus, delivered }: Delivery): WebhookState {
  const { id, type, key } = event;
  return { id, type, key, attempts, lastStatus, delivered };
}

function targetOf(
  { idempotencyKey, paymentMethod, metadata }: PaymentEntry,
  { type }: WebhookEvent,
): FaultTarget {
  return { request: 'webhook', idempotencyKey, paymentMethod, metadata, eventType: type };
}

function factsOf(entry: PaymentEntry): EntryFacts {
  const { idempotencyKey, parametersHash, paymentIntentId, amount, currency, metadata } = entry;
  const at = new Date().toISOString();
  return { at, idempotencyKey, parametersHash, paymentIntentId, amount, currency, metadata };
}
