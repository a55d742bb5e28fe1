import { Injectable, Optional } from '@nestjs/common';
import { fingerprintOf, type IdempotencyContext } from 'nestjs-idempotent';
import { LedgerUnavailableError } from '../ledger/ledger-errors';
import { PaymentLedger } from '../ledger/payment-ledger';
import type { LedgerPayment } from '../ledger/ledger-payment';
import { Environment } from '../config/environment';
import { paymentIdentity, type PaymentRequest, type PaymentResult } from './payment.dto';
import { PaymentEventRelay } from './payment-event-relay';
import { PaymentEvents, type PaymentEnd } from './payment-events';
import { PaymentKeyReusedError } from './payment-errors';
import { resultIn } from './payment-result';
import { ReceiptAddresses } from './receipt-addresses';
import { OpenPayments } from './follow-up/open-payments';

/** What is known of a payment before an attempt at it. */
export type Beginning =
  | { readonly kind: 'known'; readonly result: PaymentResult }
  /** `sinceFirstSeenMs`: how long ago its first attempt began, as far as the ledger knows; 0 without a ledger. */
  | { readonly kind: 'new'; readonly sinceFirstSeenMs: number };

/** A payment that the gateway has decided about. */
interface Decided {
  readonly idempotencyKey: string;
  readonly request: PaymentRequest;
  readonly result: PaymentResult;
}

/**
 * Stores what comes of payments before their records: in the ledger with its events, or, without a ledger, by publishing the
 * event.
 */
@Injectable()
export class PaymentOutcomes {
  constructor(
    private readonly events: PaymentEvents,
    private readonly addresses: ReceiptAddresses,
    private readonly open: OpenPayments,
    private readonly environment: Environment,
    @Optional() private readonly ledger?: PaymentLedger,
    @Optional() private readonly relay?: PaymentEventRelay,
  ) {}

  /**
   * Begins an attempt. What the ledger knows already counts, although Redis does not: it may have lost its data, or have been
   * restored from a copy.
   *
   * @throws PaymentKeyReusedError if the ledger has the key for another payment
   * @throws LedgerUnavailableError, LedgerRefusedError
   */
  async begin(request: PaymentRequest, { key }: IdempotencyContext): Promise<Beginning> {
    if (!this.ledger) return { kind: 'new', sinceFirstSeenMs: 0 };
    const { paymentId, customerId, money } = request;
    const fingerprint = fingerprintOf(paymentIdentity(request));
    const found = await this.ledger.begin({
      idempotencyKey: key,
      paymentId,
      customerId,
      amountMinorUnits: money.minorUnits,
      currency: money.currency,
      fingerprint,
    });
    if (!isSamePayment(found, fingerprint)) throw new PaymentKeyReusedError();
    const result = resultIn(found);
    return result ? { kind: 'known', result } : { kind: 'new', sinceFirstSeenMs: found.sinceFirstSeenMs };
  }

  /**
   * Stores a decision; resolves with the result that counts. It comes before the record: once that exists, no attempt begins
   * again, and what is not stored here would be lost. After a crash in between the attempt is repeated: with a ledger it is
   * answered from there, without one the gateway replays the charge, and the event is published again under the same key.
   *
   * @throws PublishUnconfirmedError when its event may not be on the broker yet
   * @throws LedgerUnavailableError, LedgerRefusedError, or an error of Redis
   */
  async decided(decided: Decided): Promise<PaymentResult> {
    const { idempotencyKey, request, result } = decided;
    const { receiptEmail } = request;
    const comesLater = result.status === 'processing';
    if (receiptEmail && this.environment.smtpUrl !== '' && (comesLater || this.ledger))
      await this.addresses.remember(idempotencyKey, receiptEmail);
    if (this.ledger) return this.storeInLedger(this.ledger, decided);
    if (comesLater) await this.open.add(idempotencyKey);
    else await this.events.ended(endOf(decided, result), receiptEmail);
    return result;
  }

  private async storeInLedger(ledger: PaymentLedger, decided: Decided): Promise<PaymentResult> {
    const { idempotencyKey, result } = decided;
    const isStored =
      result.status === 'processing'
        ? await ledger.end({ idempotencyKey, status: result.status, chargeId: result.chargeId })
        : await ledger.end({
            idempotencyKey,
            status: result.status,
            chargeId: result.chargeId,
            declineCode: 'declineCode' in result ? result.declineCode : undefined,
            event: this.events.waiting(endOf(decided, result)),
          });
    if (isStored) {
      this.relay?.wake();
      return result;
    }
    // Another attempt was faster, after this one had lost its lease.
    const found = await ledger.find(idempotencyKey);
    const stored = found && resultIn(found);
    if (stored) return stored;
    throw new LedgerUnavailableError('end', 'the attempt is not in the ledger; was a backup restored?');
  }
}

/** Without a fingerprint the customer was forgotten: the payment cannot be compared, and is not charged again. */
export function isSamePayment({ fingerprint }: LedgerPayment, asked: string | undefined): boolean {
  return fingerprint === undefined || asked === undefined || fingerprint === asked;
}

function endOf({ idempotencyKey, request }: Decided, result: PaymentEnd['result']): PaymentEnd {
  return { idempotencyKey, customerId: request.customerId, result };
}
