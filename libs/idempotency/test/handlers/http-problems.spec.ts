import type { Failure } from '../../src';
import { IdempotencyProblem } from '../../src/handlers/http-problem';
import { problemOf } from '../../src/handlers/http-problems';

describe('an HTTP request that was not processed', () => {
  it.each<{ outcome: Failure; status: number }>([
    { outcome: { kind: 'failed', code: 'in-progress', remainingMs: 1_500 }, status: 409 },
    { outcome: { kind: 'failed', code: 'retries-exhausted', attempts: 8 }, status: 409 },
    { outcome: { kind: 'failed', code: 'idempotency-key-reused' }, status: 422 },
    { outcome: { kind: 'failed', code: 'lease-lost' }, status: 503 },
  ])('is answered with a problem document: $outcome.code, $status', ({ outcome, status }) => {
    const problem = problemOf(outcome);
    expect(problem).toBeInstanceOf(IdempotencyProblem);
    expect(problem).toMatchObject({
      status,
      response: { status, type: expect.stringContaining('idempotency-key'), title: expect.any(String) },
    });
  });

  it('gets no Retry-After if the attempts are used up', () => {
    expect(problemOf({ kind: 'failed', code: 'retries-exhausted', attempts: 8 })).toMatchObject({
      response: {
        title: 'All attempts at this Idempotency-Key have failed',
        detail: expect.stringContaining('8'),
      },
      retryAfterSeconds: undefined,
    });
  });
});
