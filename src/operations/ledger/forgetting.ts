import { setTimeout as sleep } from 'node:timers/promises';
import type { ForgetCustomer } from '../../ledger/forget-customer';
import type { LedgerReader } from '../../ledger/ledger-reader';
import { merged, type PaymentSum } from '../../ledger/payment-sums';
import type { ReceiptAddresses } from '../../payment/receipt-addresses';

/** A service that runs publishes events within a second. */
const EVENTS_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 250;

/** What was done. `payments`: 0 if the ledger has none of the customer. */
export interface Forgotten {
  readonly payments: number;
  readonly before: readonly PaymentSum[];
  readonly after: readonly PaymentSum[];
}

/** Events that name the customer are not published, so the customer is not forgotten everywhere. */
export class EventsWaitingError extends Error {
  constructor(count: number, done: string) {
    super(
      `${done} Events that name the customer are not published, and wait in the ledger's outbox: ${count}. Is the service ` +
        'running, and RabbitMQ reachable? Then run the command again',
    );
  }
}

/**
 * Forgets a customer: in the ledger a pseudonym, in Redis no address of a receipt. A run that is interrupted can be repeated, and
 * goes on where it was.
 */
export class Forgetting {
  private changed = 0;

  constructor(
    private readonly ledger: Pick<ForgetCustomer, 'pseudonymFor' | 'nextKeys' | 'replace' | 'waitingEvents'>,
    private readonly reader: Pick<LedgerReader, 'beginning'>,
    private readonly addresses: Pick<ReceiptAddresses, 'forget'>,
    private readonly withinMs = EVENTS_WITHIN_MS,
  ) {}

  /** For people. */
  get progress(): string {
    return `${this.changed} payments changed`;
  }

  /**
   * Events are not changed: their receivers know the customer by the same name. So it waits until they are published, before
   * it changes anything, and again for those that were written meanwhile.
   *
   * @throws EventsWaitingError, LedgerUnavailableError, LedgerRefusedError, or an error of Redis
   */
  async run(customerId: string): Promise<Forgotten> {
    await this.reader.beginning();
    await this.untilPublished(customerId, 'Nothing was changed.');
    const forgotten = await this.replaceAll(customerId);
    await this.untilPublished(customerId, 'All payments were changed.');
    return forgotten;
  }

  private async replaceAll(customerId: string): Promise<Forgotten> {
    const done: { before: PaymentSum[]; after: PaymentSum[] } = { before: [], after: [] };
    const pseudonym = await this.ledger.pseudonymFor(customerId);
    while (pseudonym !== undefined) {
      const keys = await this.ledger.nextKeys(customerId);
      if (keys.length === 0) break;
      // First: once a payment has a pseudonym, its key is not found any more.
      await Promise.all(keys.map((key) => this.addresses.forget(key)));
      const { before, after } = await this.ledger.replace(customerId, { keys, pseudonym });
      done.before = merged([...done.before, ...before]);
      done.after = merged([...done.after, ...after]);
      this.changed = done.after.reduce((sum, { payments }) => sum + payments, 0);
    }
    return { payments: this.changed, ...done };
  }

  private async untilPublished(customerId: string, done: string): Promise<void> {
    const endMs = performance.now() + this.withinMs;
    for (;;) {
      const waiting = await this.ledger.waitingEvents(customerId);
      if (waiting === 0) return;
      if (performance.now() > endMs) throw new EventsWaitingError(waiting, done);
      await sleep(LOOK_AGAIN_MS);
    }
  }
}
