import { StoreUnavailableError, type Failure } from 'nestjs-idempotent';
import { IN_PROGRESS_WAIT_MS } from '../../../src/messaging/topology';
import { GatewayError, type GatewayFailure } from '../../../src/payment/gateway/payment-gateway';
import type { MessageHistory } from '../../../src/messaging/message-headers';
import { decidePayment } from '../../../src/payment/payment.policy';

const maxAttempts = 8;

/** The decision about a failure of a message with five attempts, with the longest possible backoff. */
function decide(failure: Failure, history: Partial<MessageHistory> = {}, random = 1) {
  return decidePayment(
    failure,
    { attempts: 5, attemptsBeforeReplay: 0, ...history },
    { maxAttempts, random: () => random },
  );
}

function disposition(...given: Parameters<typeof decide>) {
  return decide(...given).disposition;
}

function failed(failure: GatewayFailure, attempt = 6) {
  return {
    kind: 'failed' as const,
    code: 'work-failed' as const,
    error: new GatewayError(failure, 'what the gateway said'),
    attempt,
  };
}

describe('a request whose work was not started', () => {
  it.each([
    { remainingMs: 12_345, delayMs: 12_345 - IN_PROGRESS_WAIT_MS },
    { remainingMs: IN_PROGRESS_WAIT_MS, delayMs: 0 },
    { remainingMs: 1, delayMs: 0 },
  ])(
    'is delayed until the rest of another lease ($remainingMs ms) can be waited for at the handler, and this does not count as an attempt',
    ({ remainingMs, delayMs }) => {
      expect(disposition({ kind: 'failed', code: 'in-progress', remainingMs })).toMatchObject({
        kind: 'delay',
        delayMs,
        attempts: 5,
      });
    },
  );

  it('is a dead letter if all attempts at its key are used up: retries-exhausted, with their number', () => {
    expect(disposition({ kind: 'failed', code: 'retries-exhausted', attempts: 8 })).toMatchObject({
      kind: 'dead-letter',
      reason: 'retries-exhausted',
      attempts: 8,
    });
  });

  it('is a dead letter if its timestamp is in the future: invalid-message, and the detail says by how much', () => {
    expect(disposition({ kind: 'failed', code: 'from-the-future', aheadMs: 7_199_001 })).toMatchObject({
      kind: 'dead-letter',
      reason: 'invalid-message',
      detail: expect.stringContaining('7200 s in the future'),
    });
  });
});

describe('a failure on our side', () => {
  it.each<Failure>([
    { kind: 'failed', code: 'lease-lost' },
    { kind: 'failed', code: 'store-unavailable', error: new StoreUnavailableError('begin', 'gone') },
  ])('delays the message, and this does not count as an attempt: $code', (failure) => {
    expect(disposition(failure)).toMatchObject({ kind: 'delay', attempts: 5, delayMs: 1_000 });
  });

  it('never dead-letters the message, even after many failures', () => {
    const history = { attempts: 1_000 };
    expect([
      disposition({ kind: 'failed', code: 'lease-lost' }, history).kind,
      disposition({ kind: 'failed', code: 'in-progress', remainingMs: 1 }, history).kind,
    ]).toEqual(['delay', 'delay']);
  });

  it('is tried again like an unavailable gateway if it is an error in the code', () => {
    const attempt = (count: number) =>
      disposition({
        kind: 'failed',
        code: 'work-failed',
        error: new TypeError('x is undefined'),
        attempt: count,
      });
    expect(attempt(7)).toMatchObject({ kind: 'delay', attempts: 7 });
    expect(attempt(8)).toMatchObject({
      kind: 'dead-letter',
      reason: 'retries-exhausted',
      detail: 'x is undefined',
    });
  });
});

describe('a gateway that made no decision', () => {
  it.each([
    { kind: 'rejected', reason: 'gateway-rejected' },
    { kind: 'key-reused', reason: 'gateway-key-reused' },
    { kind: 'outcome-unknown', reason: 'gateway-outcome-unknown' },
  ] as const)('makes a dead letter at once if it is $kind: $reason', ({ kind, reason }) => {
    const expected = { kind: 'dead-letter', reason, detail: 'what the gateway said', attempts: 1 };
    expect(disposition(failed({ kind }, 1))).toEqual(expected);
  });

  it.each([
    { kind: 'unavailable', reason: 'gateway-unavailable' },
    { kind: 'forbidden', reason: 'gateway-forbidden' },
  ] as const)('is called again if it is $kind, until the last attempt', ({ kind, reason }) => {
    expect(disposition(failed({ kind }, maxAttempts - 1))).toMatchObject({
      kind: 'delay',
      reason,
      attempts: maxAttempts - 1,
    });
    expect(disposition(failed({ kind }, maxAttempts))).toEqual({
      kind: 'dead-letter',
      reason: 'retries-exhausted',
      detail: 'what the gateway said',
      attempts: maxAttempts,
    });
  });

  it('never makes a dead letter if it refuses our credentials, and this does not count as an attempt', () => {
    expect(disposition(failed({ kind: 'unauthorized' }, 1_000))).toMatchObject({
      kind: 'delay',
      delayMs: 5_000,
      attempts: 5,
    });
  });
});

describe('the wait before the next attempt', () => {
  const delayAfter = (attempt: number, random: number, history: Partial<MessageHistory> = {}) => {
    const delayed = disposition(failed({ kind: 'unavailable' }, attempt), history, random);
    return delayed.kind === 'delay' ? delayed.delayMs : undefined;
  };

  it('doubles its bound', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => delayAfter(attempt, 1))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000,
    ]);
  });

  it('is random below that bound', () => {
    expect([delayAfter(4, 0), delayAfter(4, 0.5)]).toEqual([0, 4_000]);
  });

  it('is at least what the gateway asks for', () => {
    const asked = failed({ kind: 'unavailable', retryAfterMs: 90_000 }, 1);
    expect(disposition(asked)).toMatchObject({ kind: 'delay', delayMs: 90_000 });
  });

  it('is at most an hour, whatever the gateway asks for', () => {
    const asked = failed({ kind: 'unavailable', retryAfterMs: 1e18 }, 1);
    expect(disposition(asked)).toMatchObject({ kind: 'delay', delayMs: 3_600_000 });
  });

  it('is the one that is stored under the key, if any, so that all copies come back together', () => {
    const said = { ...failed({ kind: 'unavailable' }, 4), retryInMs: 1_234 };
    expect(disposition(said)).toMatchObject({ kind: 'delay', delayMs: 1_234 });
  });

  it('is not shorter if the gateway asks for less', () => {
    const asked = failed({ kind: 'unavailable', retryAfterMs: 10 }, 4);
    expect(disposition(asked)).toMatchObject({ kind: 'delay', delayMs: 8_000 });
  });

  it('starts again after a replay, for every copy', () => {
    const failedAgain = { ...failed({ kind: 'unavailable' }, 9), forgivenAttempts: 8 };
    expect(disposition(failedAgain)).toMatchObject({ kind: 'delay', delayMs: 1_000 });
  });
});

describe('a message that an operator replayed, and every copy of it', () => {
  const again = (attempt: number) => ({
    ...failed({ kind: 'unavailable' }, attempt),
    forgivenAttempts: 8,
  });

  it('has all its attempts again', () => {
    expect(disposition(again(9))).toMatchObject({ kind: 'delay', attempts: 9 });
    expect(disposition(again(15))).toMatchObject({ kind: 'delay', attempts: 15 });
  });

  it('is exhausted after as many attempts as before', () => {
    expect(disposition(again(16))).toMatchObject({
      kind: 'dead-letter',
      reason: 'retries-exhausted',
      attempts: 16,
    });
  });
});

describe('an uncounted attempt', () => {
  it('is only one whose credentials the gateway refused', () => {
    const kinds = [
      'unavailable',
      'unauthorized',
      'forbidden',
      'rejected',
      'key-reused',
      'outcome-unknown',
    ] as const;
    const decisions = kinds.map((kind) => ({ kind, ...decide(failed({ kind })) }));
    expect(decisions.filter(({ counts }) => !counts)).toMatchObject([
      { kind: 'unauthorized', pause: 'gateway' },
    ]);
    expect(decisions.filter(({ pause }) => pause)).toHaveLength(1);
  });

  it('is not one that failed with a similar error that is not from the gateway', () => {
    const errors = [new Error('unauthorized'), { failure: { kind: 'unauthorized' } }];
    const counts = errors.map(
      (error) => decide({ kind: 'failed', code: 'work-failed', error, attempt: 1 }).counts,
    );
    expect(counts).toEqual([true, true]);
  });
});
