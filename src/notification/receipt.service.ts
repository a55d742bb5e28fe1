import { Injectable, Logger } from '@nestjs/common';
import type { IdempotencyContext } from 'nestjs-idempotent';
import type { PaymentSucceeded } from '../payment/payment-succeeded';
import { Mailer } from './mailer';
import { receiptFor } from './receipt';
import { RecordedPayments } from './recorded-payments';

/** An event that says where the receipt goes. */
export type ReceiptRequest = PaymentSucceeded & { readonly receiptEmail: string };

/** Stored under the payment's key, and replayed for every repetition of the event. */
export interface SentReceipt {
  readonly messageId: string;
}

/** Sends receipts. Called once per attempt, under the lease of the payment's key. */
@Injectable()
export class ReceiptService {
  private readonly logger = new Logger(ReceiptService.name);

  constructor(
    private readonly mailer: Mailer,
    private readonly payments: RecordedPayments,
  ) {}

  /** Whether the customer wants a receipt. */
  isWantedFor(event: PaymentSucceeded): event is ReceiptRequest {
    return Boolean(event.receiptEmail);
  }

  /**
   * Writes the receipt from the payment's record. Only the address comes from the event, because records do not have it.
   *
   * @throws PaymentNotRecordedError when the payment is not recorded
   * @throws FalseEventError when the record differs from the event
   * @throws SmtpError when the mail server did not take the receipt
   * @throws LeaseLostError when the lease ran out before it was sent
   */
  async send(event: ReceiptRequest, context: IdempotencyContext): Promise<SentReceipt> {
    const payment = await this.payments.of(event, context);
    const receipt = receiptFor({ ...payment, idempotencyKey: context.key }, this.mailer.sender);
    const { messageId } = receipt;
    // The last point at which a duplicate can be prevented. After a crash later, the Message-ID identifies the duplicate.
    context.assertHeld();
    await this.mailer.send({ ...receipt, to: event.receiptEmail, signal: context.signal });
    const { paymentId } = payment;
    this.logger.log(
      { paymentId, idempotencyKey: context.key, attempt: context.attempt, messageId },
      'Receipt sent',
    );
    return { messageId };
  }
}
