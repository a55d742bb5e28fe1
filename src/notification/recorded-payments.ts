import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Optional } from '@nestjs/common';
import { IdempotencyService, type IdempotencyContext } from 'nestjs-idempotent';
import { PaymentLedger } from '../ledger/payment-ledger';
import { PAYMENT_SCOPE, type SucceededPayment } from '../payment/payment.dto';
import type { PaymentSucceeded } from '../payment/payment-succeeded';
import { resultIn } from '../payment/payment-result';
import { processingPaymentIn, succeededPaymentIn } from '../payment/recorded-payment';

/** The payment of an event is not recorded, or not yet. */
class PaymentNotRecordedError extends Error {
  override readonly name = 'PaymentNotRecordedError';
}

/** An event differs from the record of its payment, so the service did not publish it. */
export class FalseEventError extends Error {
  override readonly name = 'FalseEventError';
}

/** The event is published just before the record is stored, so the first look-up may be too early. */
const WAITS_MS = [10, 20, 50, 100, 200, 400, 800];

/**
 * Finds a payment in the ledger, or without one its record. An event alone proves nothing: its publisher can write anything
 * into it.
 */
@Injectable()
export class RecordedPayments {
  constructor(
    private readonly idempotency: IdempotencyService,
    @Optional() private readonly ledger?: PaymentLedger,
  ) {}

  /**
   * The payment of an event, as it is stored.
   *
   * @throws PaymentNotRecordedError, FalseEventError, StoreUnavailableError, LedgerUnavailableError
   */
  async of(event: PaymentSucceeded, { key, signal }: IdempotencyContext): Promise<SucceededPayment> {
    const payment = succeededPaymentIn(await this.resultUnder(key, signal));
    if (!payment || !isSame(event, payment)) {
      throw new FalseEventError("the event differs from its payment's record");
    }
    return payment;
  }

  private async resultUnder(key: string, signal: AbortSignal): Promise<unknown> {
    for (const waitMs of [0, ...WAITS_MS]) {
      await sleep(waitMs, undefined, { signal });
      const result = await this.storedResult(key);
      // It is replaced right after the event of a later outcome is published.
      if (result !== undefined && !processingPaymentIn(result)) return result;
    }
    throw new PaymentNotRecordedError('no payment is recorded under the key of the event');
  }

  private async storedResult(key: string): Promise<unknown> {
    const payment = await this.ledger?.find(key);
    if (payment) return resultIn(payment);
    return (await this.idempotency.find({ scope: PAYMENT_SCOPE, key })).record?.result;
  }
}

function isSame(event: PaymentSucceeded, payment: SucceededPayment): boolean {
  return (
    event.paymentId === payment.paymentId &&
    event.chargeId === payment.chargeId &&
    event.amountMinorUnits === payment.amountMinorUnits &&
    event.currency === payment.currency
  );
}
