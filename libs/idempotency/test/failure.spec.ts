import {
  IdempotencyError,
  InvalidIdempotencyKeyError,
  LeaseLostError,
  MissingIdempotencyKeyError,
  RememberedError,
  StoreUnavailableError,
} from '../src';
import { errorOf } from '../src/engine/failure';
import { replayOf } from '../src/engine/outcome';

const error = new Error('out of stock');
const record = { processedAt: '2026-01-01T00:00:00.000Z', result: 7, fencingToken: 1 };

describe('the error of a failure', () => {
  it.each([
    { failure: { kind: 'failed', code: 'invalid-request', error } as const },
    { failure: { kind: 'failed', code: 'work-failed', error, attempt: 1 } as const },
    {
      failure: {
        kind: 'failed',
        code: 'store-unavailable',
        error: new StoreUnavailableError('begin', error),
      } as const,
    },
  ])('is the error that it carries: $failure.code', ({ failure }) => {
    expect(errorOf(failure)).toBe(failure.error);
  });

  it.each([
    {
      failure: { kind: 'failed', code: 'in-progress', remainingMs: 700 } as const,
      name: 'IdempotencyKeyInProgressError',
      says: 'its lease ends in 700 ms unless it is renewed',
    },
    {
      failure: { kind: 'failed', code: 'idempotency-key-reused' } as const,
      name: 'IdempotencyKeyReusedError',
      says: 'a new request needs a new key',
    },
    {
      failure: { kind: 'failed', code: 'outside-deduplication-window' } as const,
      name: 'OutsideDeduplicationWindowError',
      says: 'it may have been processed and forgotten',
    },
    {
      failure: { kind: 'failed', code: 'retries-exhausted', attempts: 8 } as const,
      name: 'RetriesExhaustedError',
      says: 'all 8 attempts at this idempotency key have failed',
    },
    {
      failure: { kind: 'failed', code: 'from-the-future', aheadMs: 900 } as const,
      name: 'RequestFromTheFutureError',
      says: 'it was made 900 ms from now',
    },
    {
      failure: { kind: 'failed', code: 'lease-lost' } as const,
      name: 'LeaseLostError',
      says: 'another consumer may be working on it now',
    },
  ])('is $name for $failure.code', ({ failure, name, says }) => {
    const thrown = errorOf(failure);
    expect(thrown).toBeInstanceOf(IdempotencyError);
    expect(thrown).toMatchObject({ code: failure.code, name, message: expect.stringContaining(says) });
  });

  it('has the remaining time of a key in progress as a number', () => {
    expect(errorOf({ kind: 'failed', code: 'in-progress', remainingMs: 700 })).toMatchObject({
      remainingMs: 700,
    });
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
    { cause: 'a string', says: "the idempotency store did not confirm 'begin': a string" },
  ])('of the store keeps its cause: $cause', ({ cause, says }) => {
    expect(new StoreUnavailableError('begin', cause)).toMatchObject({ cause, message: says });
  });
});

describe('the answer of a record', () => {
  it('is its result', () => {
    expect(replayOf(record)).toEqual({ kind: 'replayed', result: 7 });
  });

  it('is its error, if one was remembered', () => {
    const failed = { ...record, error: { name: 'Error', message: 'out of stock' } };
    expect(replayOf(failed)).toEqual({
      kind: 'remembered-error',
      error: new RememberedError(failed.error),
      replayed: true,
    });
  });
});
