import type { Unprocessed } from '../../../src/idempotency';
import { GatewayError } from '../../../src/payment/gateway/payment-gateway';
import { fateOf } from '../../../src/payment/payment-fate';

function dispositionOf(outcome: Unprocessed) {
  const history = { attempts: 5, attemptsBeforeReplay: 0 };
  return fateOf(outcome, history, { maxAttempts: 8, random: () => 1 });
}

const failed = (error: unknown): Unprocessed => ({ kind: 'failed', error, attempt: 6 });

describe('why a payment waits', () => {
  it.each([
    { error: new Error('a fault of ours'), reason: 'attempt-failed' },
    { error: new GatewayError({ kind: 'unavailable' }, 'why'), reason: 'gateway-unavailable' },
    { error: new GatewayError({ kind: 'unauthorized' }, 'why'), reason: 'gateway-unauthorized' },
  ])('is said: $reason', ({ error, reason }) => {
    expect(dispositionOf(failed(error))).toMatchObject({ kind: 'park', reason });
  });
});

describe('a payment that is too old to be new', () => {
  it('may have been charged, which is said', () => {
    expect(dispositionOf({ kind: 'outside-window' })).toMatchObject({
      detail: expect.stringContaining('it may have been charged and forgotten'),
    });
  });
});
