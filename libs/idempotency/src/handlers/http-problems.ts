import { HttpStatus } from '@nestjs/common';
import { errorOf, IdempotencyError, messageOf, UnreadBodyError, type Failure } from '../engine/failure';
import { IdempotencyProblem } from './http-problem';

/** What an HTTP caller gets for a failure: problem details, or the error of the work itself. */
export function problemOf(failure: Failure): unknown {
  switch (failure.code) {
    case 'missing-idempotency-key':
      return keyProblem('Idempotency-Key is missing', failure.error);
    case 'invalid-idempotency-key':
      return keyProblem('Idempotency-Key is invalid', failure.error);
    case 'in-progress':
      return new IdempotencyProblem({
        status: HttpStatus.CONFLICT,
        title: 'A request is outstanding for this Idempotency-Key',
        detail: 'A request with the same key is being processed; repeat this one to get its answer.',
        retryAfterSeconds: Math.max(1, Math.ceil(failure.remainingMs / 1000)),
      });
    case 'idempotency-key-reused':
      return new IdempotencyProblem({
        status: HttpStatus.UNPROCESSABLE_ENTITY,
        title: 'Idempotency-Key is already used',
        detail: 'The key was used before with another payload; a new request needs a new key.',
      });
    case 'retries-exhausted':
      return new IdempotencyProblem({
        status: HttpStatus.CONFLICT,
        title: 'All attempts at this Idempotency-Key have failed',
        detail: `There were ${failure.attempts}, and no more are made; whether the request had an effect is not known.`,
      });
    case 'lease-lost':
    case 'store-unavailable':
      return new IdempotencyProblem({
        status: HttpStatus.SERVICE_UNAVAILABLE,
        title: 'The outcome of this request is not known',
        detail: 'Repeat it with the same key to find out.',
        retryAfterSeconds: 1,
      });
    case 'invalid-request':
      return invalidProblem(failure.error);
    case 'missing-timestamp':
    case 'work-failed':
    case 'outside-deduplication-window':
    case 'from-the-future':
      return errorOf(failure);
    default:
      return failure satisfies never;
  }
}

function keyProblem(title: string, error: unknown): IdempotencyProblem {
  return new IdempotencyProblem({ status: HttpStatus.BAD_REQUEST, title, detail: messageOf(error) });
}

/** Our own reasons are told; those of the handler's pipe are its own. */
function invalidProblem(error: unknown): unknown {
  if (!(error instanceof IdempotencyError)) return error;
  return new IdempotencyProblem({
    status: error instanceof UnreadBodyError ? HttpStatus.UNSUPPORTED_MEDIA_TYPE : HttpStatus.BAD_REQUEST,
    title: 'The request cannot be identified',
    detail: error.message,
  });
}
