import { Injectable, Logger, Optional } from '@nestjs/common';
import { IdempotencyService } from 'nestjs-idempotent';
import { PaymentLedger } from '../../ledger/payment-ledger';
import { MessageEvents } from '../../messaging/message-events';
import { CHARGES } from '../../messaging/topology';
import type { ChargeEnd, ChargeReport } from '../gateway/payment-gateway';
import { PAYMENT_SCOPE, type EndedPayment } from '../payment.dto';
import { PaymentEventRelay } from '../payment-event-relay';
import { PaymentEvents } from '../payment-events';
import { laterResultOf } from '../payment-result';
import { ReceiptAddresses } from '../receipt-addresses';
import { processingPaymentIn } from '../recorded-payment';

/**
 * What a report of the gateway meant. `open`: there is no end yet. `in-progress`: a consumer still works on the payment, and
 * will store the end itself, or will store that it comes later, and it is then asked for. `foreign`: not a payment of this service.
 */
export type Applied = 'ended' | 'ended-before' | 'open' | 'in-progress' | 'foreign';

/** Stores how payments ended whose outcome comes later than their processing. */
@Injectable()
export class LaterOutcomes {
  private readonly logger = new Logger(LaterOutcomes.name);

  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly events: PaymentEvents,
    private readonly addresses: ReceiptAddresses,
    private readonly messages: MessageEvents,
    @Optional() private readonly ledger?: PaymentLedger,
    @Optional() private readonly relay?: PaymentEventRelay,
  ) {}

  /**
   * A payment goes from `processing` to its end once; what comes later, or again, changes nothing.
   *
   * What says that the payment is open is changed last: if the process dies before, the next report or look does all of it
   * again.
   *
   * @throws StoreUnavailableError, LedgerUnavailableError, PublishUnconfirmedError, or an error of Redis
   */
  async apply(report: ChargeReport): Promise<Applied> {
    const { idempotencyKey, end } = report;
    if (idempotencyKey === undefined) return 'foreign';
    if (!end) return 'open';
    return this.ledger
      ? this.applyWithLedger(this.ledger, { ...report, idempotencyKey, end })
      : this.applyWithoutLedger({ ...report, idempotencyKey, end });
  }

  private async applyWithLedger(ledger: PaymentLedger, report: Ended): Promise<Applied> {
    const { idempotencyKey, chargeId, end } = report;
    const payment = await ledger.find(idempotencyKey);
    if (!payment) return 'foreign';
    if (payment.status === 'in-progress') return 'in-progress';
    if (payment.chargeId !== chargeId) return 'foreign';
    if (payment.status !== 'processing') return 'ended-before';
    const result = laterResultOf(payment, chargeId, end);
    if ((await this.replaceRecordIfAny(idempotencyKey, result)) === 'in-progress') return 'in-progress';
    const isStored = await ledger.end({
      idempotencyKey,
      chargeId,
      // An attempt that has begun since would store that the payment is processing.
      version: payment.version,
      status: result.status,
      declineCode: 'declineCode' in result ? result.declineCode : undefined,
      event: this.events.waiting({ idempotencyKey, customerId: payment.customerId, result }),
    });
    if (!isStored) return 'in-progress';
    this.relay?.wake();
    return this.tell(idempotencyKey, result);
  }

  private async applyWithoutLedger(report: Ended): Promise<Applied> {
    const { idempotencyKey, chargeId, end, customerId = '' } = report;
    const { record, attempts } = await this.idempotency.find({ scope: PAYMENT_SCOPE, key: idempotencyKey });
    if (!record) return attempts > 0 ? 'in-progress' : 'foreign';
    const payment = processingPaymentIn(record.result);
    if (!payment) return 'ended-before';
    if (payment.chargeId !== chargeId) return 'foreign';
    const result = laterResultOf(payment, chargeId, end);
    await this.events.ended(
      { idempotencyKey, customerId, result },
      await this.addresses.find(idempotencyKey),
    );
    if ((await this.replaceRecord(idempotencyKey, result)) !== 'replaced') return 'ended-before';
    await this.addresses.forget(idempotencyKey);
    return this.tell(idempotencyKey, result);
  }

  /**
   * The record may have expired, or be lost: the ledger alone has the payment then. `in-progress`: an attempt is about to store
   * one, with what it has read in the ledger before.
   */
  private async replaceRecordIfAny(key: string, result: EndedPayment): Promise<'done' | 'in-progress'> {
    if ((await this.replaceRecord(key, result)) !== 'not-found') return 'done';
    const { record, remainingLeaseMs } = await this.idempotency.find({ scope: PAYMENT_SCOPE, key });
    return record === undefined && remainingLeaseMs === undefined ? 'done' : 'in-progress';
  }

  private replaceRecord(key: string, result: EndedPayment) {
    return this.idempotency.replaceResult({ scope: PAYMENT_SCOPE, key }, (recorded) =>
      processingPaymentIn(recorded)?.chargeId === result.chargeId ? result : undefined,
    );
  }

  private tell(idempotencyKey: string, result: EndedPayment): 'ended' {
    const { paymentId, chargeId, status } = result;
    this.logger.log({ paymentId, idempotencyKey, chargeId }, `Payment ended: ${status}`);
    this.messages.emit({ kind: 'ended', queue: CHARGES.name, key: idempotencyKey, result });
    return 'ended';
  }
}

type Ended = ChargeReport & { readonly idempotencyKey: string; readonly end: ChargeEnd };
