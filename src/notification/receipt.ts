import { createHash } from 'node:crypto';
import { inMajorUnits } from '../money/money';
import type { SucceededPayment } from '../payment/payment.dto';

/** What keeps a receipt's keys apart from those of its payment. */
export const RECEIPT_SCOPE = 'receipt';

/** What a receipt confirms, as it is recorded. */
export type PaidPayment = Pick<
  SucceededPayment,
  'paymentId' | 'chargeId' | 'amountMinorUnits' | 'currency'
> & {
  readonly idempotencyKey: string;
};

/** A receipt as it is written, without the address it goes to. */
export interface Receipt {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Writes the receipt for a payment: the same payment, the same receipt, down to its `Message-ID`. Mail servers and
 * readers recognise a repetition by it, which is all that can be done in the one window that no lock closes: the mail
 * server has taken the message, and we died before we could record it.
 *
 * @param sender the address that the receipt comes from; its domain vouches for the `Message-ID`
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
