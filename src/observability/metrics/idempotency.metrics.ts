import { Counter, Registry } from 'prom-client';
import { IdempotencyEvents, type KeyEvent } from 'nestjs-idempotent';

const KEY_EVENTS = {
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
  'transaction-repeated': true,
  'completion-refused': true,
  'store-unavailable': true,
} satisfies Record<KeyEvent['kind'], true>;

/** Counts the events of the idempotency engine. The label `scope` needs few values, so no tenants. */
export class IdempotencyMetrics {
  /** @param scopes scopes whose counters start at zero */
  constructor(registry: Registry, events: IdempotencyEvents, scopes: readonly string[]) {
    const counter = new Counter({
      name: 'idempotency_events_total',
      help: 'What happened to idempotency keys: leases acquired, renewed and lost, results stored and replayed.',
      labelNames: ['scope', 'event'],
      registers: [registry],
    });
    for (const scope of scopes) for (const event of Object.keys(KEY_EVENTS)) counter.inc({ scope, event }, 0);
    // An event of the store belongs to no scope.
    events.on(({ scope = '', kind }) => counter.inc({ scope, event: kind }));
  }
}
