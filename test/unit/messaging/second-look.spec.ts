import { StoreUnavailableError, type Failure, type IdempotencyService } from 'nestjs-idempotent';
import type { Disposition } from '../../../src/messaging/disposition';
import { secondLook } from '../../../src/messaging/second-look';

const claimed = { scope: 'payment', key: 'abc' };
const failed: Failure = { kind: 'failed', code: 'work-failed', error: 'why', attempt: 8 };
const exhausted = deadLetterFor('retries-exhausted');

function deadLetterFor(reason: string): Disposition {
  return { kind: 'dead-letter', reason, detail: 'why', attempts: 8 };
}

/** A second look at a key with the given answer or error, and the calls that it made. */
function looking(
  answer: unknown,
  { failure = failed, disposition = exhausted }: { failure?: Failure; disposition?: Disposition } = {},
) {
  const calls: unknown[] = [];
  const lookAgain = (...args: unknown[]) => {
    calls.push(args);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const idempotency = { lookAgain } as unknown as IdempotencyService;
  return { now: secondLook(idempotency, { claimed, failure, disposition, maxAttempts: 8 }), calls };
}

describe('a message that is about to be given up because its work failed', () => {
  it.each([
    { kind: 'replayed', result: 1 },
    { kind: 'remembered-error', error: new Error('declined'), replayed: true },
  ])('gets the outcome of another copy that finished meanwhile: $kind', async (found) => {
    expect(await looking(found).now).toEqual(found);
  });

  it.each([
    { kind: 'failed', code: 'idempotency-key-reused' },
    { kind: 'failed', code: 'in-progress', remainingMs: 5 },
  ])('gets the current failure of its key: $code', async (found) => {
    expect(await looking(found).now).toEqual(found);
  });

  it('fails with store-unavailable if Redis does not answer', async () => {
    const error = new StoreUnavailableError('find', 'gone');
    expect(await looking(error).now).toEqual({ kind: 'failed', code: 'store-unavailable', error });
  });

  it.each([undefined, new Error('a record that cannot be read')])(
    'is still given up if the answer is %p',
    async (found) => {
      expect(await looking(found).now).toBeUndefined();
    },
  );
});

describe('a second look', () => {
  it.each<Failure>([failed, { kind: 'failed', code: 'retries-exhausted', attempts: 8 }])(
    'also checks for remaining attempts if they seem used up: $code',
    (failure) => {
      expect(looking(undefined, { failure }).calls).toEqual([[claimed, { maxAttempts: 8 }]]);
    },
  );

  it.each<{ what: string; failure: Failure; disposition: Disposition }>([
    {
      what: 'a failure that another attempt cannot fix',
      failure: failed,
      disposition: deadLetterFor('gateway-rejected'),
    },
    { what: 'work that could not start', failure: { ...failed, attempt: 0 }, disposition: exhausted },
  ])('does not check for remaining attempts after $what', (given) => {
    expect(looking(undefined, given).calls).toEqual([[claimed, {}]]);
  });

  it.each<{ failure: Failure; disposition: Disposition }>([
    {
      failure: { kind: 'failed', code: 'invalid-request', error: 'why' },
      disposition: deadLetterFor('invalid-message'),
    },
    {
      failure: { kind: 'failed', code: 'idempotency-key-reused' },
      disposition: deadLetterFor('idempotency-key-reused'),
    },
    {
      failure: { kind: 'failed', code: 'outside-deduplication-window' },
      disposition: deadLetterFor('outside-deduplication-window'),
    },
    {
      failure: { kind: 'failed', code: 'from-the-future', aheadMs: 1 },
      disposition: deadLetterFor('invalid-message'),
    },
    { failure: failed, disposition: { kind: 'delay', reason: 'attempt-failed', delayMs: 1, attempts: 1 } },
  ])('does not happen for $failure.code and $disposition.kind', async (given) => {
    const { now, calls } = looking('never asked', given);
    expect([await now, calls]).toEqual([undefined, []]);
  });
});
