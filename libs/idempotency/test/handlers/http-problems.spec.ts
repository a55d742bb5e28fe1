import { BadRequestException } from '@nestjs/common';
import {
  IdempotencyError,
  IdempotencyProblem,
  InvalidIdempotencyKeyError,
  MissingIdempotencyKeyError,
  MissingTimestampError,
  StoreUnavailableError,
  type Failure,
} from '../../src';
import { problemOf } from '../../src/handlers/http-problems';

class MissingPartError extends IdempotencyError {
  readonly code = 'invalid-request';
}

const secret = 'redis://user:hunter2@redis.internal';
const unavailable = new StoreUnavailableError('begin', new Error(`connect ${secret}`));

interface Told {
  readonly failure: Failure;
  readonly status: number;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

const problems: readonly Told[] = [
  {
    failure: {
      kind: 'failed',
      code: 'missing-idempotency-key',
      error: new MissingIdempotencyKeyError('no key'),
    },
    status: 400,
    detail: 'no key',
  },
  {
    failure: {
      kind: 'failed',
      code: 'invalid-idempotency-key',
      error: new InvalidIdempotencyKeyError('too long'),
    },
    status: 400,
    detail: 'too long',
  },
  {
    failure: { kind: 'failed', code: 'invalid-request', error: new MissingPartError('no tenant') },
    status: 400,
    detail: 'no tenant',
  },
  {
    failure: { kind: 'failed', code: 'in-progress', remainingMs: 1_500 },
    status: 409,
    detail: 'being processed',
    retryAfterSeconds: 2,
  },
  {
    failure: { kind: 'failed', code: 'in-progress', remainingMs: 0 },
    status: 409,
    detail: 'being processed',
    retryAfterSeconds: 1,
  },
  {
    failure: { kind: 'failed', code: 'retries-exhausted', attempts: 5 },
    status: 409,
    detail: 'There were 5',
  },
  { failure: { kind: 'failed', code: 'idempotency-key-reused' }, status: 422, detail: 'needs a new key' },
  {
    failure: { kind: 'failed', code: 'lease-lost' },
    status: 503,
    detail: 'same key',
    retryAfterSeconds: 1,
  },
  {
    failure: { kind: 'failed', code: 'store-unavailable', error: unavailable },
    status: 503,
    detail: 'same key',
    retryAfterSeconds: 1,
  },
];

function thrownFor(failure: Failure, problemType?: string): IdempotencyProblem {
  const thrown = problemOf(failure, { problemType });
  if (thrown instanceof IdempotencyProblem) return thrown;
  throw new Error('not a problem', { cause: thrown });
}

describe('the problem for a failure', () => {
  it.each(problems)(
    'has its status, code and detail: $failure.code, $status',
    ({ failure, status, detail, retryAfterSeconds }) => {
      const problem = thrownFor(failure);
      expect(problem.getStatus()).toBe(status);
      expect(problem.getResponse()).toEqual({
        type: expect.stringContaining('draft-ietf-httpapi-idempotency-key-header'),
        title: expect.any(String),
        status,
        detail: expect.stringContaining(detail),
        code: failure.code,
      });
      expect(problem).toMatchObject({ code: failure.code, retryAfterSeconds });
    },
  );

  it('names the place of its code in your own documentation', () => {
    const problem = thrownFor(
      { kind: 'failed', code: 'idempotency-key-reused' },
      'https://shop.example/problems#',
    );
    expect(problem.getResponse()).toMatchObject({
      type: 'https://shop.example/problems#idempotency-key-reused',
    });
  });

  it('has a message for logs, with the cause, neither of which the client gets', () => {
    const problem = thrownFor({ kind: 'failed', code: 'store-unavailable', error: unavailable });
    expect(problem.message).toContain('outcome of this request is not known');
    expect(problem.cause).toBe(unavailable);
    expect(JSON.stringify(problem.getResponse())).not.toContain('hunter2');
  });
});

describe('an error that is not about the key', () => {
  const refused = new BadRequestException('the application’s own');
  it.each<{ failure: Failure; error: unknown }>([
    { failure: { kind: 'failed', code: 'invalid-request', error: refused }, error: refused },
    { failure: { kind: 'failed', code: 'work-failed', error: refused, attempt: 1 }, error: refused },
    {
      failure: { kind: 'failed', code: 'missing-timestamp', error: unavailable },
      error: unavailable,
    },
  ])('is thrown as it is: $failure.code', ({ failure, error }) => {
    expect(problemOf(failure)).toBe(error);
  });

  it('is typed if the engine found it', () => {
    expect(problemOf({ kind: 'failed', code: 'outside-deduplication-window' })).toMatchObject({
      code: 'outside-deduplication-window',
    });
    expect(new MissingTimestampError()).toBeInstanceOf(IdempotencyError);
  });
});
