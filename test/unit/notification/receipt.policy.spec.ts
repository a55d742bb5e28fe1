import type { Failure } from 'nestjs-idempotent';
import { RECEIPT_MAX_ATTEMPTS, decideReceipt } from '../../../src/notification/receipt.policy';
import { SmtpError, type SmtpFailure } from '../../../src/notification/smtp-errors';

const policy = { maxAttempts: RECEIPT_MAX_ATTEMPTS, random: () => 1 };

function failed(failure: SmtpFailure, attempt: number) {
  return {
    kind: 'failed' as const,
    code: 'work-failed' as const,
    error: new SmtpError(failure, 'what became of it'),
    attempt,
  };
}

function disposition(failure: Failure) {
  return decideReceipt(failure, { attempts: 5, attemptsBeforeReplay: 0 }, policy).disposition;
}

describe('an event for which no receipt was sent', () => {
  it('is a dead letter at once if the mail server rejects the receipt', () => {
    expect(disposition(failed('rejected', 1))).toEqual({
      kind: 'dead-letter',
      reason: 'receipt-rejected',
      detail: 'what became of it',
      attempts: 1,
    });
  });

  it('waits with backoff if the mail server is unavailable', () => {
    expect([1, 2, 3, 10].map((attempt) => disposition(failed('unavailable', attempt)))).toMatchObject(
      [1_000, 2_000, 4_000, 60_000].map((delayMs) => ({ kind: 'delay', delayMs })),
    );
  });

  it('waits after an error in our code', () => {
    expect(
      disposition({
        kind: 'failed',
        code: 'work-failed',
        error: new TypeError('x is undefined'),
        attempt: 1,
      }),
    ).toMatchObject({
      kind: 'delay',
    });
  });

  it('is a dead letter after the last attempt', () => {
    expect(disposition(failed('unavailable', RECEIPT_MAX_ATTEMPTS - 1)).kind).toBe('delay');
    expect(disposition(failed('unavailable', RECEIPT_MAX_ATTEMPTS))).toMatchObject({
      kind: 'dead-letter',
      reason: 'retries-exhausted',
    });
  });

  it('has all its attempts again after a replay', () => {
    const again = failed('unavailable', 2 * RECEIPT_MAX_ATTEMPTS - 1);
    expect(disposition({ ...again, forgivenAttempts: RECEIPT_MAX_ATTEMPTS }).kind).toBe('delay');
  });

  it('may have been sent if it is older than records are kept', () => {
    expect(disposition({ kind: 'failed', code: 'outside-deduplication-window' })).toMatchObject({
      reason: 'outside-deduplication-window',
      detail: expect.stringContaining('may have been sent'),
    });
  });
});
