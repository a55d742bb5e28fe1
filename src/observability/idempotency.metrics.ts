import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import { IdempotencyEvents, type IdempotencyEvent } from '../idempotency';
import { PAYMENT_SCOPE } from '../payment/payment.dto';

const EVENTS = {
  acquired: true,
  completed: true,
  replayed: true,
  'in-progress': true,
  'idempotency-key-reused': true,
  'retries-exhausted': true,
  'outside-deduplication-window': true,
  'from-the-future': true,
  released: true,
  'lease-renewed': true,
  'lease-lost': true,
  'completion-refused': true,
  'store-unavailable': true,
} satisfies Record<IdempotencyEvent['kind'], true>;

/** Counts what the idempotency engine does. Scopes are few here; with a tenant in them they would not be. */
@Injectable()
export class IdempotencyMetrics {
  constructor(registry: Registry, events: IdempotencyEvents) {
    const counter = new Counter({
      name: 'idempotency_events_total',
      help: 'What happened to idempotency keys: leases acquired, renewed and lost, results stored and replayed.',
      labelNames: ['scope', 'event'],
      registers: [registry],
    });
    for (const event of Object.keys(EVENTS)) counter.inc({ scope: PAYMENT_SCOPE, event }, 0);
    events.on(({ scope, kind }) => counter.inc({ scope, event: kind }));
  }
}
