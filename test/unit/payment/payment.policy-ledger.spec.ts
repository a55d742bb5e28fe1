import { LedgerRefusedError, LedgerUnavailableError } from '../../../src/ledger/ledger-errors';
import { PaymentKeyReusedError } from '../../../src/payment/payment-errors';
import { decidePayment } from '../../../src/payment/payment.policy';

/** The decision about the sixth attempt at a message, which failed with this error. */
function decideError(error: unknown) {
  return decidePayment(
    { kind: 'failed', code: 'work-failed', error, attempt: 6 },
    { attempts: 5, attemptsBeforeReplay: 0 },
    { maxAttempts: 8, random: () => 1 },
  );
}

describe('a failure of the ledger', () => {
  it('delays the payment, does not count as an attempt, and pauses the queue, if it did not answer', () => {
    expect(decideError(new LedgerUnavailableError('begin', new Error('timeout')))).toEqual({
      disposition: { kind: 'delay', reason: 'ledger-unavailable', delayMs: 1_000, attempts: 5 },
      counts: false,
      pause: 'ledger',
    });
  });

  it('makes the payment a dead letter if it refuses it', () => {
    expect(decideError(new LedgerRefusedError('end', new Error('a payment has one charge')))).toEqual({
      disposition: {
        kind: 'dead-letter',
        reason: 'ledger-refused',
        detail: "the ledger refuses 'end': a payment has one charge",
        attempts: 6,
      },
      counts: true,
    });
  });

  it('leaves the key free for the payment that the ledger has under it', () => {
    expect(decideError(new PaymentKeyReusedError())).toMatchObject({
      disposition: { kind: 'dead-letter', reason: 'idempotency-key-reused' },
      counts: false,
    });
  });
});
