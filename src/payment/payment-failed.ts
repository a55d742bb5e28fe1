/**
 * The event `payment.failed`, as published: the card was declined, or the money did not come later. It may come more than once
 * for a payment, with the same idempotency key. Fields are only ever added, so consumers ignore those that they do not know.
 */
export interface PaymentFailed {
  readonly paymentId: string;
  /** The payment's own key. */
  readonly idempotencyKey: string;
  readonly amountMinorUnits: number;
  readonly currency: string;
  readonly customerId: string;
  /** `declined` at once, or `failed` after it had been processing. */
  readonly status: 'declined' | 'failed';
  readonly chargeId?: string;
  /** The gateway's word for why. */
  readonly declineCode: string;
}
