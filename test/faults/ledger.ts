import type { PublishedHostile, PublishedPayment } from './history';
import type { PlannedPayment } from './load';
import { methodOf } from './payment-methods';

interface Entry {
  payment: PlannedPayment;
  minorUnits: number;
  confirmedAt: number | undefined;
  copies: number;
  messageIds: string[];
  mustSucceed: boolean;
}

/** What the publisher sent, and which messages the broker confirmed. */
export class PublishedLedger {
  private readonly entries = new Map<string, Entry>();
  private readonly hostileById = new Map<string, PublishedHostile>();

  /** Call it before the message is sent: from then on the message may arrive. */
  sending(
    messageId: string,
    {
      payment,
      minorUnits,
      mustSucceed = false,
    }: Pick<Entry, 'payment' | 'minorUnits'> & { mustSucceed?: boolean },
  ): void {
    const { idempotencyKey } = payment;
    const entry = this.entries.get(idempotencyKey) ?? {
      payment,
      minorUnits,
      confirmedAt: undefined,
      copies: 0,
      messageIds: [],
      mustSucceed,
    };
    entry.messageIds.push(messageId);
    this.entries.set(idempotencyKey, entry);
  }

  /** How many payments have been sent so far. */
  get size(): number {
    return this.entries.size;
  }

  confirmed(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.confirmedAt ??= Date.now();
    entry.copies++;
  }

  sendingHostile(message: Omit<PublishedHostile, 'confirmed'>): void {
    this.hostileById.set(message.messageId, { ...message, confirmed: false });
  }

  confirmedHostile(messageId: string): void {
    const message = this.hostileById.get(messageId);
    if (message) message.confirmed = true;
  }

  /** The keys sent last, the latest at the end. */
  latestKeys(count: number): string[] {
    return [...this.entries.keys()].slice(-count);
  }

  get payments(): PublishedPayment[] {
    return [...this.entries.values()].map(({ payment, minorUnits, ...facts }) => {
      const { outcome, comesLater } = methodOf(payment.paymentMethodId);
      const { idempotencyKey: key, currency, customerId } = payment;
      return { key, minorUnits, currency, customerId, outcome, comesLater, ...facts };
    });
  }

  /** The keys of the payments that were sent with this payment method. */
  keysWith(paymentMethodId: string): string[] {
    const entries = [...this.entries].filter(
      ([, { payment }]) => payment.paymentMethodId === paymentMethodId,
    );
    return entries.map(([key]) => key);
  }

  get hostile(): PublishedHostile[] {
    return [...this.hostileById.values()];
  }
}
