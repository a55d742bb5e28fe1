import {
  IdempotencyError,
  InvalidIdempotencyKeyError,
  LeaseLostError,
  MissingIdempotencyKeyError,
  RememberedError,
  StoreUnavailableError,
} from '../../../src/idempotency';
import { errorOf, replayOf } from '../../../src/idempotency/outcome';

const error = new Error('out of stock');
const record = { processedAt: '2026-01-01T00:00:00.000Z', result: 7, fencingToken: 1 };

describe('the error that stands for an outcome', () => {
  it.each([
    { outcome: { kind: 'refused', error } as const },
    { outcome: { kind: 'failed', error, attempt: 1 } as const },
    { outcome: { kind: 'store-unavailable', error: new StoreUnavailableError('begin', error) } as const },
  ])('is its own: $outcome.kind', ({ outcome }) => {
    expect(errorOf(outcome)).toBe(outcome.error);
  });

  it.each([
    {
      outcome: { kind: 'in-progress', remainingMs: 700 } as const,
      code: 'in-progress',
      name: 'IdempotencyKeyInProgressError',
      says: 'its lease ends in 700 ms unless it is renewed',
    },
    {
      outcome: { kind: 'idempotency-key-reused' } as const,
      code: 'key-reused',
      name: 'IdempotencyKeyReusedError',
      says: 'a new request needs a new key',
    },
    {
      outcome: { kind: 'outside-deduplication-window' } as const,
      code: 'outside-deduplication-window',
      name: 'OutsideDeduplicationWindowError',
      says: 'it may have been processed and forgotten',
    },
    {
      outcome: { kind: 'retries-exhausted', attempts: 8 } as const,
      code: 'retries-exhausted',
      name: 'RetriesExhaustedError',
      says: 'all 8 attempts at this idempotency key have failed',
    },
    {
      outcome: { kind: 'from-the-future', aheadMs: 900 } as const,
      code: 'from-the-future',
      name: 'RequestFromTheFutureError',
      says: 'it was made 900 ms from now',
    },
    {
      outcome: { kind: 'lease-lost' } as const,
      code: 'lease-lost',
      name: 'LeaseLostError',
      says: 'another consumer may be working on it now',
    },
  ])('is $name for $outcome.kind', ({ outcome, code, name, says }) => {
    const thrown = errorOf(outcome);
    expect(thrown).toBeInstanceOf(IdempotencyError);
    expect(thrown).toMatchObject({ code, name, message: expect.stringContaining(says) });
  });

  it('says how long the key is busy, for programs', () => {
    expect(errorOf({ kind: 'in-progress', remainingMs: 700 })).toMatchObject({ remainingMs: 700 });
  });
});

describe('an error of the engine', () => {
  it.each([
    [new MissingIdempotencyKeyError('why'), 'missing-idempotency-key'],
    [new InvalidIdempotencyKeyError('why'), 'invalid-idempotency-key'],
    [new LeaseLostError(), 'lease-lost'],
    [new StoreUnavailableError('begin', error), 'store-unavailable'],
  ])('has a code: %s', (thrown, code) => {
    expect([thrown.code, thrown.name]).toEqual([code, thrown.constructor.name]);
  });

  it.each([
    { cause: error, says: "the idempotency store did not confirm 'begin': out of stock" },
    { cause: 'a text', says: "the idempotency store did not confirm 'begin': a text" },
  ])('of the store keeps its cause: $cause', ({ cause, says }) => {
    expect(new StoreUnavailableError('begin', cause)).toMatchObject({ cause, message: says });
  });
});

describe('what a record answers', () => {
  it('is its result', () => {
    expect(replayOf(record)).toEqual({ kind: 'replayed', result: 7 });
  });

  it('is its error, where one was remembered', () => {
    const failed = { ...record, error: { name: 'Error', message: 'out of stock' } };
    expect(replayOf(failed)).toEqual({
      kind: 'final-error',
      error: new RememberedError(failed.error),
      replayed: true,
    });
  });
});
