import { StoreUnavailableError, type Failure, type IdempotencyService } from '../../../src/idempotency';
import type { Disposition } from '../../../src/messaging/disposition';
import { secondLook } from '../../../src/messaging/second-look';

const claimed = { scope: 'payment', key: 'abc' };
const failed: Failure = { kind: 'failed', code: 'work-failed', error: 'why', attempt: 8 };
const exhausted = deadLetterFor('retries-exhausted');

function deadLetterFor(reason: string): Disposition {
  return { kind: 'dead-letter', reason, detail: 'why', attempts: 8 };
}

/** Looks at a key whose answer is given, or fails; and how it was asked. */
function looking(
  answer: unknown,
  { failure = failed, disposition = exhausted }: { failure?: Failure; disposition?: Disposition } = {},
) {
  const asked: unknown[] = [];
  const lookAgain = (...args: unknown[]) => {
    asked.push(args);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const idempotency = { lookAgain } as unknown as IdempotencyService;
  return { now: secondLook(idempotency, { claimed, failure, disposition, maxAttempts: 8 }), asked };
}

describe('a message that is about to be given up because its work failed', () => {
  it.each([
    { kind: 'replayed', result: 1 },
    { kind: 'remembered-error', error: new Error('declined'), replayed: true },
  ])('has the answer of another copy that ended meanwhile: $kind', async (found) => {
    expect(await looking(found).now).toEqual(found);
  });

  it.each([
    { kind: 'failed', code: 'idempotency-key-reused' },
    { kind: 'failed', code: 'in-progress', remainingMs: 5 },
  ])('has the failure that its key has now: $code', async (found) => {
    expect(await looking(found).now).toEqual(found);
  });

  it('waits for Redis if it does not answer', async () => {
    const error = new StoreUnavailableError('find', 'gone');
    expect(await looking(error).now).toEqual({ kind: 'failed', code: 'store-unavailable', error });
  });

  it.each([undefined, new Error('a record that cannot be read')])(
    'is given up otherwise (%p)',
    async (found) => {
      expect(await looking(found).now).toBeUndefined();
    },
  );
});

describe('a second look', () => {
  it.each<Failure>([failed, { kind: 'failed', code: 'retries-exhausted', attempts: 8 }])(
    'also looks for attempts that are left if they seem used up: $code',
    (failure) => {
      expect(looking(undefined, { failure }).asked).toEqual([[claimed, { maxAttempts: 8 }]]);
    },
  );

  it.each<{ what: string; failure: Failure; disposition: Disposition }>([
    {
      what: 'a failure that no attempt can correct',
      failure: failed,
      disposition: deadLetterFor('gateway-rejected'),
    },
    { what: 'work that could not start', failure: { ...failed, attempt: 0 }, disposition: exhausted },
  ])('does not look for attempts after $what', (given) => {
    expect(looking(undefined, given).asked).toEqual([[claimed, {}]]);
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
    const { now, asked } = looking('never asked', given);
    expect([await now, asked]).toEqual([undefined, []]);
  });
});
