import { BROKER_REASONS } from '../messaging/disposition';

/** The reasons for which payment requests are delayed or dead-lettered, next to those that every queue has. */
export const PAYMENT_REASONS = {
  delay: ['gateway-unavailable', 'gateway-unauthorized', 'gateway-forbidden', 'ledger-unavailable'],
  deadLetter: [
    'gateway-rejected',
    'gateway-key-reused',
    'gateway-outcome-unknown',
    'ledger-refused',
    'event-undeliverable',
  ],
} as const;
export type PaymentReason = (typeof PAYMENT_REASONS)[keyof typeof PAYMENT_REASONS][number];

/** These reasons end the payment. With others, the message was not that payment, or the payment ended differently. */
const ENDS: readonly string[] = [
  'outside-deduplication-window',
  'gateway-rejected',
  'gateway-key-reused',
  'gateway-outcome-unknown',
  'ledger-refused',
  'retries-exhausted',
  ...BROKER_REASONS,
];

/** Whether a dead letter of a payment request is the end of its payment. */
export function endsPayment(reason: string): boolean {
  return ENDS.includes(reason);
}
