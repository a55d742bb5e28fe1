import { HttpException, HttpStatus } from '@nestjs/common';
import type { Failure } from '../engine/failure';

/** What a `ValidationPipe` throws: 400, or 422 where it is set so. */
const INVALID_INPUT: readonly number[] = [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY];

/** Whether the error says that the input is wrong: the handler had no effect, and the same input fails again. */
export function isInvalidInput(error: unknown): boolean {
  return error instanceof HttpException && INVALID_INPUT.includes(error.getStatus());
}

/** Whether the same message can never succeed, however often it is delivered again. */
export function isPermanent(failure: Failure): boolean {
  switch (failure.code) {
    case 'missing-idempotency-key':
    case 'invalid-idempotency-key':
    case 'missing-timestamp':
    case 'invalid-request':
    case 'idempotency-key-reused':
    case 'retries-exhausted':
    case 'outside-deduplication-window':
    case 'from-the-future':
      return true;
    case 'work-failed':
      return isInvalidInput(failure.error);
    case 'in-progress':
    case 'lease-lost':
    case 'store-unavailable':
      return false;
    default:
      return failure satisfies never;
  }
}
