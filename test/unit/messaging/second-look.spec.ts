import { StoreUnavailableError, type IdempotencyService, type Failure } from '../../../src/idempotency';
import type { Disposition } from '../../../src/messaging/disposition';
import { secondLook } from '../../../src/messaging/second-look';

const claimed = { scope: 'payment', key: 'abc' };
const failed: Failure = { kind: 'failed', error: 'why', attempt: 8 };
const exhausted = deadLetterFor('retries-exhausted');

function deadLetterFor(reason: Extract<Disposition, { kind: 'dead-letter' }>['reason']): Disposition {
  return { kind: 'dead-letter', reason, detail: 'why', attempts: 8 };
}

/** Looks at a key whose answer is given, or fails; and how it was asked. */
function looking(answer: unknown, { outcome = failed, disposition = exhausted } = {}) {
  const asked: unknown[] = [];
  const lookAgain = (...args: unknown[]) => {
    asked.push(args);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const idempotency = { lookAgain } as unknown as IdempotencyService;
  return { now: secondLook(idempotency, { claimed, outcome, disposition, maxAttempts: 8 }), asked };
}

describe('a message whose work has failed for good', () => {
  it.each([
    { kind: 'replayed', result: 1 },
    { kind: 'final-error', error: new Error('declined'), replayed: true },
  ])('is answered when another copy has ended meanwhile: $kind', async (found) => {
    expect(await looking(found).now).toBe('answered');
  });

  it.each([{ kind: 'idempotency-key-reused' }, { kind: 'in-progress', remainingMs: 5 }])(
    'is what its key says now: $kind',
    async (found) => {
      expect(await looking(found).now).toEqual(found);
    },
  );

  it('waits for Redis where that does not answer', async () => {
    const error = new StoreUnavailableError('find', 'gone');
    expect(await looking(error).now).toEqual({ kind: 'store-unavailable', error });
  });

  it.each([undefined, new Error('a record that nobody can read')])(
    'is given up otherwise (%p)',
    async (found) => {
      expect(await looking(found).now).toBeUndefined();
    },
  );
});

describe('a second look', () => {
  it.each<Failure>([failed, { kind: 'retries-exhausted', attempts: 8 }])(
    'is for attempts, too, where these seem used up: %p',
    (outcome) => {
      expect(looking(undefined, { outcome }).asked).toEqual([[claimed, { maxAttempts: 8 }]]);
    },
  );

  it.each<{ what: string; outcome: Failure; disposition: Disposition }>([
    {
      what: 'a failure that no attempt can mend',
      outcome: failed,
      disposition: deadLetterFor('gateway-rejected'),
    },
    { what: 'work that could not begin', outcome: { ...failed, attempt: 0 }, disposition: exhausted },
  ])('is not for attempts after $what', (given) => {
    expect(looking(undefined, given).asked).toEqual([[claimed, {}]]);
  });

  it.each<{ outcome: Failure; disposition: Disposition }>([
    { outcome: { kind: 'refused', error: 'why' }, disposition: deadLetterFor('invalid-message') },
    { outcome: { kind: 'idempotency-key-reused' }, disposition: deadLetterFor('idempotency-key-reused') },
    {
      outcome: { kind: 'outside-deduplication-window' },
      disposition: deadLetterFor('outside-deduplication-window'),
    },
    { outcome: { kind: 'from-the-future', aheadMs: 1 }, disposition: deadLetterFor('invalid-message') },
    { outcome: failed, disposition: { kind: 'delay', reason: 'attempt-failed', delayMs: 1, attempts: 1 } },
  ])('is not worth it for $outcome.kind and $disposition.kind', async (given) => {
    const { now, asked } = looking('never asked', given);
    expect([await now, asked]).toEqual([undefined, []]);
  });
});
