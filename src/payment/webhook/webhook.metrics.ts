import { Injectable } from '@nestjs/common';
import { Counter, Registry } from 'prom-client';
import type { Applied } from '../follow-up/later-outcomes';

/** `rejected`: not signed by the gateway, or too old. `ignored`: about something else than a payment. */
export type WebhookOutcome = Applied | 'rejected' | 'ignored';

const OUTCOMES = {
  ended: true,
  'ended-before': true,
  open: true,
  'in-progress': true,
  foreign: true,
  rejected: true,
  ignored: true,
} satisfies Record<WebhookOutcome, true>;

/** Counts webhooks by what they meant. */
@Injectable()
export class WebhookMetrics {
  private readonly counter: Counter<'outcome'>;

  constructor(registry: Registry) {
    this.counter = new Counter({
      name: 'payments_webhooks_total',
      help: 'Webhooks of the gateway, by what they meant. A repeated delivery of an event is not counted again.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    for (const outcome of Object.keys(OUTCOMES)) this.counter.inc({ outcome }, 0);
  }

  count(outcome: WebhookOutcome): void {
    this.counter.inc({ outcome });
  }
}
