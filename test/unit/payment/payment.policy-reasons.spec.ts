import type { Failure } from 'nestjs-idempotent';
import { GatewayError } from '../../../src/payment/gateway/payment-gateway';
import { decidePayment } from '../../../src/payment/payment.policy';

function dispositionAfter(failure: Failure) {
  const history = { attempts: 5, attemptsBeforeReplay: 0 };
  return decidePayment(failure, history, { maxAttempts: 8, random: () => 1 }).disposition;
}

const failed = (error: unknown): Failure => ({ kind: 'failed', code: 'work-failed', error, attempt: 6 });

describe('the reason of a delayed payment', () => {
  it.each([
    { error: new Error('a bug in our code'), reason: 'attempt-failed' },
    { error: new GatewayError({ kind: 'unavailable' }, 'why'), reason: 'gateway-unavailable' },
    { error: new GatewayError({ kind: 'unauthorized' }, 'why'), reason: 'gateway-unauthorized' },
  ])('is $reason', ({ error, reason }) => {
    expect(dispositionAfter(failed(error))).toMatchObject({ kind: 'delay', reason });
  });
});

describe('a payment outside the deduplication window', () => {
  it('has a detail that says it may have been charged', () => {
    expect(dispositionAfter({ kind: 'failed', code: 'outside-deduplication-window' })).toMatchObject({
      detail: expect.stringContaining('it may have been charged and forgotten'),
    });
  });
});
