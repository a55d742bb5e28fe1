import type { Environment } from '../../../src/config/environment';
import type { WaitingTimes } from '../../../src/messaging/waiting-times';
import { delayAtLeast } from '../../../src/messaging/disposition';
import { retryDelaysMs } from '../../../src/messaging/topology';
import { GatewayError, type GatewayFailure } from '../../../src/payment/gateway/payment-gateway';
import { PaymentAttempts } from '../../../src/payment/payment-attempts';
import { aMessage } from '../messaging/a-message';

const attempts = new PaymentAttempts({} as WaitingTimes, { paymentMaxAttempts: 8 } as Environment);
const replayedAfter = (count: number) =>
  aMessage({ properties: { headers: { 'x-attempts-before-replay': count } } });
const failedBy = (failure: GatewayFailure, attempt = 1) => ({
  error: new GatewayError(failure, 'why'),
  attempt,
});

describe('the attempts of a payment', () => {
  it('are PAYMENT_MAX_ATTEMPTS for its key, less those before a replay', () => {
    expect(attempts.maxAttempts()).toBe(8);
    expect([aMessage({}), replayedAfter(8)].map((message) => attempts.forgivenAttempts(message))).toEqual([
      0, 8,
    ]);
  });

  it('wait for another one where some were forgiven to the key, whatever the copy says itself', () => {
    const failed = { ...failedBy({ kind: 'unavailable' }, 10), forgivenAttempts: 8 };
    expect(attempts.backoffMs(aMessage({}), failed)).toEqual(expect.any(Number));
  });

  it('wait as long as the gateway asks, though the longest retry queue is shorter', () => {
    const waitMs = attempts.backoffMs(aMessage({}), failedBy({ kind: 'unavailable', retryAfterMs: 120_000 }));
    expect(waitMs).toBe(120_000);
    expect(delayAtLeast(120_000, retryDelaysMs(30_000))).toBe(60_000);
  });

  it.each<{ failure: GatewayFailure; attempt: number }>([
    { failure: { kind: 'unavailable' }, attempt: 8 },
    { failure: { kind: 'rejected' }, attempt: 1 },
    { failure: { kind: 'outcome-unknown' }, attempt: 1 },
  ])('do not wait for another one after $failure.kind in attempt $attempt', ({ failure, attempt }) => {
    expect(attempts.backoffMs(aMessage({}), failedBy(failure, attempt))).toBeUndefined();
  });

  it('do not hold the key back after refused credentials: the pause does', () => {
    expect(attempts.backoffMs(aMessage({}), failedBy({ kind: 'unauthorized' }))).toBeUndefined();
  });
});
