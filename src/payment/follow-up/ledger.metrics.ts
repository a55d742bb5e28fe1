import { Injectable } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { PaymentLedger } from '../../ledger/payment-ledger';
import { PaymentEventRelay } from '../payment-event-relay';

/** What waits in the ledger. */
interface Waiting {
  readonly payments: number;
  readonly paymentSeconds: number;
  readonly events: number;
  readonly eventSeconds: number;
}

/**
 * Shows what waits in the ledger: payments without an outcome, and events that are not published. Read at each scrape; no
 * sample if the ledger does not answer.
 */
@Injectable()
export class LedgerMetrics {
  private reading: Promise<Waiting> | undefined;

  constructor(
    registry: Registry,
    private readonly ledger: PaymentLedger,
    private readonly relay: PaymentEventRelay,
  ) {
    const gauge = (name: string, help: string, valueOf: (waiting: Waiting) => number) => {
      const read = () => this.read();
      new Gauge({
        name,
        help,
        registers: [registry],
        async collect() {
          const waiting = await read().catch(() => undefined);
          if (waiting) this.set(valueOf(waiting));
          else this.remove();
        },
      });
    };
    gauge('payments_open', 'Payments whose outcome comes later.', ({ payments }) => payments);
    gauge(
      'payments_open_oldest_seconds',
      'Age of the oldest payment whose outcome comes later; 0 if there is none.',
      ({ paymentSeconds }) => paymentSeconds,
    );
    gauge('payments_events_waiting', "Events in the ledger's outbox.", ({ events }) => events);
    gauge(
      'payments_events_oldest_seconds',
      "Age of the oldest event in the ledger's outbox; 0 if there is none.",
      ({ eventSeconds }) => eventSeconds,
    );
  }

  /** Once for all gauges of a scrape. */
  private read(): Promise<Waiting> {
    this.reading ??= this.ask().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async ask(): Promise<Waiting> {
    const [open, lag] = await Promise.all([this.ledger.open(), this.relay.lag()]);
    return {
      payments: open.count,
      paymentSeconds: open.oldestSeconds,
      events: lag.waiting,
      eventSeconds: lag.oldestMs / 1000,
    };
  }
}
