import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { IdempotencyService, type IdempotencyContext } from '../idempotency';
import { PAYMENT_SCOPE, type SucceededPayment } from '../payment/payment.dto';
import type { PaymentSucceeded } from '../payment/payment-succeeded';
import { succeededPaymentIn } from '../payment/recorded-payment';

/** There is no record of the payment that an event tells of; it may come. */
class PaymentNotRecordedError extends Error {
  override readonly name = 'PaymentNotRecordedError';
}

/** An event says something else than the record of its payment, so the service did not write it. */
export class FalseEventError extends Error {
  override readonly name = 'FalseEventError';
}

/** The event is published just before the record is stored, so the first look may come too early. */
const WAITS_MS = [10, 20, 50, 100, 200, 400, 800];

/** What is recorded of payments. An event alone proves nothing: whoever may publish one can write what he likes. */
@Injectable()
export class RecordedPayments {
  constructor(private readonly idempotency: IdempotencyService) {}

  /**
   * The payment that an event tells of, as its record has it.
   *
   * @throws PaymentNotRecordedError, FalseEventError, StoreUnavailableError
   */
  async of(event: PaymentSucceeded, { key, signal }: IdempotencyContext): Promise<SucceededPayment> {
    const payment = succeededPaymentIn(await this.resultUnder(key, signal));
    if (!payment || !isToldBy(event, payment)) {
      throw new FalseEventError("the event does not say what its payment's record says");
    }
    return payment;
  }

  private async resultUnder(key: string, signal: AbortSignal): Promise<unknown> {
    for (const waitMs of [0, ...WAITS_MS]) {
      await sleep(waitMs, undefined, { signal });
      const { record } = await this.idempotency.find({ scope: PAYMENT_SCOPE, key });
      if (record) return record.result;
    }
    throw new PaymentNotRecordedError('no payment is recorded under the key of the event');
  }
}

function isToldBy(event: PaymentSucceeded, payment: SucceededPayment): boolean {
  return (
    event.paymentId === payment.paymentId &&
    event.chargeId === payment.chargeId &&
    event.amountMinorUnits === payment.amountMinorUnits &&
    event.currency === payment.currency
  );
}
