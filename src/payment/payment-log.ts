import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { IdempotencyEvents, type KeyEvent } from 'nestjs-idempotent';
import { Environment } from '../config/environment';
import { MessagesInFlight } from '../messaging/messages-in-flight';
import { CHARGES } from '../messaging/topology';
import { traceIdOf } from '../observability/tracing/spans';
import { PaymentKeys } from './payment-keys';
import { PAYMENT_SCOPE } from './payment.dto';

/** Logs what the idempotency engine does with payments. */
@Injectable()
export class PaymentLog implements OnModuleInit {
  private readonly logger = new Logger(PaymentLog.name);
  private readonly logsDetails: boolean;

  constructor(
    private readonly events: IdempotencyEvents,
    private readonly messages: MessagesInFlight,
    private readonly keys: PaymentKeys,
    { logLevel }: Environment,
  ) {
    this.logsDetails = logLevel === 'debug' || logLevel === 'trace';
  }

  onModuleInit(): void {
    this.events.on((event) => {
      if (event.scope === PAYMENT_SCOPE) this.log(event);
    });
  }

  private log(event: KeyEvent): void {
    switch (event.kind) {
      case 'replayed': {
        const { from, result, origin } = event;
        const facts = { ...this.factsOf(event), paymentId: paymentIdIn(result), from };
        return this.logger.log({ ...facts, firstTraceId: origin && traceIdOf(origin) }, 'Duplicate detected');
      }
      case 'lease-lost':
        return this.logger.warn(
          this.factsOf(event),
          'Lease lost while charging; another consumer may take over',
        );
      case 'completion-refused':
        if (event.sameResult === false) {
          return this.logger.error(
            this.factsOf(event),
            'Two runs of one payment ended differently; the recorded one counts',
          );
        }
        return this.logger.warn(this.factsOf(event), 'A late result was refused; the lease had been lost');
      case 'store-unavailable':
        return this.logger.warn(
          { ...this.factsOf(event), step: event.step, err: event.error },
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
      case 'transaction-repeated':
        if (this.logsDetails) this.logger.debug(this.factsOf(event), `Idempotency: ${event.kind}`);
        return;
      default:
        return event satisfies never;
    }
  }

  private factsOf({ key: idempotencyKey }: KeyEvent) {
    return { ...this.messages.logFieldsOf(CHARGES, this.keys.asSent(idempotencyKey)), idempotencyKey };
  }
}

function paymentIdIn(result: unknown): unknown {
  return typeof result === 'object' && result !== null && 'paymentId' in result
    ? result.paymentId
    : undefined;
}
