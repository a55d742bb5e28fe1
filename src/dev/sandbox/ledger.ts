import { IdempotencyLayer } from './idempotency-layer';
import type { Journal } from './journal';
import { isKept, isPayment } from './journal-entry';
import type { JournalEntry, PaymentEntry, PendingEntry } from './journal-entry';

/** The state built from the journal's entries: payments, charges and kept answers. */
export class Ledger {
  readonly keys = new IdempotencyLayer();
  /** The latest entry of each payment, in the order in which the payments were made. */
  private readonly payments = new Map<string, PaymentEntry>();
  private all: JournalEntry[] = [];
  private readonly byKey = new Map<string, JournalEntry[]>();

  constructor(private readonly journal: Journal) {
    for (const entry of journal.recovered) this.apply(entry);
  }

  /** Durable first, visible second: everything that a client has seen survives a crash. */
  async record(entry: JournalEntry): Promise<void> {
    await this.journal.append(entry);
    this.apply(entry);
  }

  find(paymentIntentId: string): PaymentEntry | undefined {
    return this.payments.get(paymentIntentId);
  }

  newestFirst(): PaymentEntry[] {
    return [...this.payments.values()].reverse();
  }

  /** The payments that have not ended; with a key, only those under it. */
  pending(key: string | null): PendingEntry[] {
    return this.entries(key)
      .filter((entry) => entry.type === 'pending')
      .filter((entry) => this.find(entry.paymentIntentId) === entry);
  }

  /** `key` is a request's idempotency key, or `idempotency_key` in its metadata. */
  entries(key: string | null): readonly JournalEntry[] {
    return key === null ? this.all : (this.byKey.get(key) ?? []);
  }

  async clear(): Promise<void> {
    await this.journal.clear();
    this.payments.clear();
    this.byKey.clear();
    this.all = [];
    this.keys.forget(null);
  }

  // Live entries and recovered ones take the same path, so a restart leads to the same state.
  private apply(entry: JournalEntry): void {
    this.all.push(entry);
    for (const key of new Set([entry.idempotencyKey, entry.metadata.idempotency_key])) {
      if (typeof key === 'string') this.index(key, entry);
    }
    if (isPayment(entry)) this.payments.set(entry.paymentIntentId, entry);
    if (entry.type === 'fault' && entry.fault === 'forget-keys') this.keys.forget(entry.idempotencyKey);
    else if (isKept(entry)) this.keys.keep(entry);
  }

  private index(key: string, entry: JournalEntry): void {
    const entries = this.byKey.get(key);
    if (entries) entries.push(entry);
    else this.byKey.set(key, [entry]);
  }
}
