import type { ExecutionContext } from '@nestjs/common';
import type { Failure } from '../../src';
import { httpHandler } from '../../src/handlers/http-handler';
import { IdempotencyProblem } from '../../src/handlers/http-problem';

/** What an HTTP request gets instead of a result. */
async function answerTo(outcome: Failure): Promise<unknown> {
  const to = { onFailure: undefined, claimed: undefined };
  return new Promise((resolve) => {
    try {
      void httpHandler.fail({} as ExecutionContext, outcome, to).then(resolve, resolve);
    } catch (error) {
      resolve(error);
    }
  });
}

describe('an HTTP request that was not processed', () => {
  it.each<{ outcome: Failure; status: number }>([
    { outcome: { kind: 'failed', code: 'in-progress', remainingMs: 1_500 }, status: 409 },
    { outcome: { kind: 'failed', code: 'retries-exhausted', attempts: 8 }, status: 409 },
    { outcome: { kind: 'failed', code: 'idempotency-key-reused' }, status: 422 },
    { outcome: { kind: 'failed', code: 'lease-lost' }, status: 503 },
  ])('is answered with a problem document: $outcome.code, $status', async ({ outcome, status }) => {
    const problem = await answerTo(outcome);
    expect(problem).toBeInstanceOf(IdempotencyProblem);
    expect(problem).toMatchObject({
      status,
      response: { status, type: expect.stringContaining('idempotency-key'), title: expect.any(String) },
    });
  });

  it('gets no Retry-After if the attempts are used up', async () => {
    expect(await answerTo({ kind: 'failed', code: 'retries-exhausted', attempts: 8 })).toMatchObject({
      response: {
        title: 'All attempts at this Idempotency-Key have failed',
        detail: expect.stringContaining('8'),
      },
      retryAfterSeconds: undefined,
    });
  });
});
