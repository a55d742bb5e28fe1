import { createHash } from 'node:crypto';
import { inMajorUnits } from '../money/money';
import type { SucceededPayment } from '../payment/payment.dto';

/** Separates the idempotency keys of receipts from those of payments. */
export const RECEIPT_SCOPE = 'receipt';

/** What a receipt confirms, as it is recorded. */
export type PaidPayment = Pick<
  SucceededPayment,
  'paymentId' | 'chargeId' | 'amountMinorUnits' | 'currency'
> & {
  readonly idempotencyKey: string;
};

/** A receipt without its address. */
export interface Receipt {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Writes the receipt for a payment. The same payment always gives the same receipt, including its `Message-ID`, by which
 * mail servers and mail programs recognise a duplicate. No lock can prevent one case: the mail server has taken the
 * message, and the process dies before it can record that.
 *
 * @param sender the address that the receipt comes from; its domain makes the `Message-ID` unique
 */
export function receiptFor(payment: PaidPayment, sender: string): Receipt {
  const digest = createHash('sha256').update(payment.idempotencyKey).digest('hex').slice(0, 32);
  return {
    messageId: `<receipt.${digest}@${sender.slice(sender.lastIndexOf('@') + 1)}>`,
    subject: `Receipt for payment ${payment.paymentId}`,
    text: [
      'Thank you for your payment.',
      '',
      `Payment:   ${payment.paymentId}`,
      `Amount:    ${amountOf(payment)}`,
      `Reference: ${payment.chargeId}`,
      '',
    ].join('\n'),
  };
}

function amountOf({ amountMinorUnits, currency }: PaidPayment): string {
  return `${inMajorUnits(amountMinorUnits, currency)} ${currency}`;
}
