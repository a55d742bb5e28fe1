import type { OutcomeEntry, PaymentEntry, PendingEntry } from './journal-entry';
import type { Ledger } from './ledger';
import { lastEntry } from './payment-entries';
import { findTestPaymentMethod } from './test-payment-methods';
import type { Ending } from './test-payment-methods';
import type { Webhooks } from './webhooks';

/** Records each state of a payment, tells it by a webhook, and ends the payments that wait. */
export class PaymentStates {
  /** A timer for each payment that waits; undefined for one that only the control API ends. */
  private readonly waiting = new Map<string, NodeJS.Timeout | undefined>();

  constructor(
    private readonly ledger: Ledger,
    private readonly webhooks: Webhooks,
  ) {}

  /** After a restart: the payments that wait go on for the rest of their time. */
  resume(): void {
    for (const entry of this.ledger.pending(null)) this.wait(entry);
  }

  /** Durable first: a crash in between loses the event, never the state. */
  async record(entry: PaymentEntry): Promise<void> {
    await this.ledger.record(entry);
    this.webhooks.send(entry);
    if (entry.type === 'pending') this.wait(entry);
  }

  /** Ends the oldest payment that waits under this key; undefined if there is none. */
  async settle(key: string, ending?: Ending): Promise<OutcomeEntry | undefined> {
    const pending = this.ledger.pending(key).find(({ paymentIntentId }) => this.waiting.has(paymentIntentId));
    return pending && this.end(pending, ending);
  }

  async clear(): Promise<void> {
    await this.ledger.clear();
    this.stop();
  }

  stop(): void {
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }

  private wait(entry: PendingEntry): void {
    this.waiting.set(entry.paymentIntentId, this.timerFor(entry));
  }

  private timerFor(entry: PendingEntry): NodeJS.Timeout | undefined {
    if (entry.settleAfterMs === null) return undefined;
    const restMs = Date.parse(entry.at) + entry.settleAfterMs - Date.now();
    return setTimeout(() => void this.endInTime(entry), Math.max(restMs, 0));
  }

  private async endInTime(entry: PendingEntry): Promise<void> {
    try {
      await this.end(entry);
    } catch (error) {
      process.stderr.write(`${entry.paymentIntentId} could not end: ${String(error)}\n`);
    }
  }

  private async end(entry: PendingEntry, ending = endingOf(entry)): Promise<OutcomeEntry> {
    // Before the first await, so that a timer and the control API do not both end it.
    clearTimeout(this.waiting.get(entry.paymentIntentId));
    this.waiting.delete(entry.paymentIntentId);
    const outcome = lastEntry(entry, ending);
    await this.record(outcome);
    return outcome;
  }
}

function endingOf({ paymentMethod }: PendingEntry): Ending {
  const method = findTestPaymentMethod(paymentMethod);
  return method?.kind === 'waits' ? method.ending : 'succeeded';
}
