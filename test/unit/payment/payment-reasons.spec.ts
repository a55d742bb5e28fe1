import { BROKER_REASONS, COMMON_REASONS } from '../../../src/messaging/disposition';
import { endsPayment, PAYMENT_REASONS } from '../../../src/payment/payment-reasons';

describe('a dead letter of a payment request', () => {
  it('is the end of its payment for these reasons only', () => {
    const reasons = [...COMMON_REASONS.deadLetter, ...PAYMENT_REASONS.deadLetter, ...BROKER_REASONS];
    expect(reasons.filter(endsPayment).sort()).toEqual([
      'delivery-limit',
      'expired',
      'gateway-key-reused',
      'gateway-outcome-unknown',
      'gateway-rejected',
      'ledger-refused',
      'outside-deduplication-window',
      'retries-exhausted',
    ]);
  });

  it('is not the end of its payment for a reason that this version does not know', () => {
    expect(['a later one', 'toString', ''].map(endsPayment)).toEqual([false, false, false]);
  });
});
