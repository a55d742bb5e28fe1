import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { IdempotencyEvents, type KeyEvent } from 'nestjs-idempotent';
import { traceIdOf } from '../observability/tracing/spans';
import { PAYMENT_SCOPE } from './payment.dto';

/** Logs what the idempotency engine does with payments. */
@Injectable()
export class PaymentLog implements OnModuleInit {
  private readonly logger = new Logger(PaymentLog.name);

  constructor(private readonly events: IdempotencyEvents) {}

  onModuleInit(): void {
    this.events.on((event) => {
      if (event.scope === PAYMENT_SCOPE) this.log(event);
    });
  }

  private log(event: KeyEvent): void {
    const idempotencyKey = event.key;
    switch (event.kind) {
      case 'replayed':
        return this.logger.log(
          {
            paymentId: paymentIdIn(event.result),
            idempotencyKey,
            from: event.from,
            firstTraceId: event.origin && traceIdOf(event.origin),
          },
          'Duplicate detected',
        );
      case 'lease-lost':
        return this.logger.warn(
          { idempotencyKey },
          'Lease lost while charging; another consumer may take over',
        );
      case 'completion-refused':
        if (event.sameResult === false) {
          return this.logger.error(
            { idempotencyKey },
            'Two runs of one payment ended differently; the recorded one counts',
          );
        }
        return this.logger.warn({ idempotencyKey }, 'A late result was refused; the lease had been lost');
      case 'store-unavailable':
        return this.logger.warn(
          { idempotencyKey, step: event.step, err: event.error },
          'Redis did not confirm a step',
        );
      case 'acquired':
      case 'completed':
      case 'in-progress':
      case 'idempotency-key-reused':
      case 'retries-exhausted':
      case 'outside-deduplication-window':
      case 'from-the-future':
      case 'released':
      case 'lease-renewed':
        return this.logger.debug({ idempotencyKey }, `Idempotency: ${event.kind}`);
      default:
        return event satisfies never;
    }
  }
}

function paymentIdIn(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'paymentId' in result
    ? result.paymentId
    : undefined;
}
