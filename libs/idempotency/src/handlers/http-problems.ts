import { HttpStatus } from '@nestjs/common';
import {
  IdempotencyError,
  UnreadBodyError,
  errorOf,
  messageOf,
  type Failure,
  type FailureCode,
} from '../engine/failure';
import { DRAFT, IdempotencyProblem } from './http-problem';

/** The failures that an HTTP client is told about with problem details. */
export type ProblemCode = Exclude<
  FailureCode,
  'missing-timestamp' | 'work-failed' | 'outside-deduplication-window' | 'from-the-future'
>;

interface ProblemText {
  readonly status: HttpStatus;
  readonly title: string;
  /** The detail, or an example of it where it depends on the request. */
  readonly detail: string;
  /** Whether the same request may succeed later, so that the response has a `Retry-After`. */
  readonly hasRetryAfter: boolean;
}

/** What an HTTP client is told about each failure. The statuses are those of the draft, where it has one. */
export const HTTP_PROBLEMS: Readonly<Record<ProblemCode, ProblemText>> = {
  'missing-idempotency-key': {
    status: HttpStatus.BAD_REQUEST,
    title: 'Idempotency-Key is missing',
    detail: "no idempotency key: the header 'idempotency-key' is required",
    hasRetryAfter: false,
  },
  'invalid-idempotency-key': {
    status: HttpStatus.BAD_REQUEST,
    title: 'Idempotency-Key is invalid',
    detail:
      "the idempotency key in the header 'idempotency-key' must be 1 to 255 visible ASCII characters; it has 256 characters",
    hasRetryAfter: false,
  },
  'invalid-request': {
    status: HttpStatus.BAD_REQUEST,
    title: 'The request lacks what its idempotency depends on',
    detail: "the request has no property 'order.id', which is part of its fingerprint",
    hasRetryAfter: false,
  },
  'in-progress': {
    status: HttpStatus.CONFLICT,
    title: 'A request is outstanding for this Idempotency-Key',
    detail: 'A request with the same key is being processed; repeat this one to get its answer.',
    hasRetryAfter: true,
  },
  'retries-exhausted': {
    status: HttpStatus.CONFLICT,
    title: 'All attempts at this Idempotency-Key have failed',
    detail: exhausted(8),
    hasRetryAfter: false,
  },
  'idempotency-key-reused': {
    status: HttpStatus.UNPROCESSABLE_ENTITY,
    title: 'Idempotency-Key is already used',
    detail: 'The key was used before with another payload; a new request needs a new key.',
    hasRetryAfter: false,
  },
  'lease-lost': {
    status: HttpStatus.SERVICE_UNAVAILABLE,
    title: 'The outcome of this request is not known',
    detail: 'Repeat it with the same key to find out.',
    hasRetryAfter: true,
  },
  'store-unavailable': {
    status: HttpStatus.SERVICE_UNAVAILABLE,
    title: 'The outcome of this request is not known',
    detail: 'Repeat it with the same key to find out.',
    hasRetryAfter: true,
  },
};

/** How problems are written: an option of the module. */
interface ProblemSettings {
  /** See `IdempotencyModuleOptions.problemType`. */
  readonly problemType?: string | undefined;
}

/** The `type` of a problem: its place in the application's own documentation, or the draft. */
export function problemTypeOf(code: string, { problemType }: ProblemSettings): string {
  return problemType === undefined ? DRAFT : `${problemType}${code}`;
}

/** What an HTTP handler throws for a failure: a problem, or the error itself if the failure is not about the key. */
export function problemOf(failure: Failure, settings: ProblemSettings = {}): unknown {
  const problem = (
    code: ProblemCode,
    told: { status?: number; detail?: string; retryAfterSeconds?: number } = {},
  ) => {
    const { status, title, detail } = HTTP_PROBLEMS[code];
    const type = problemTypeOf(code, settings);
    return new IdempotencyProblem({ type, title, status, detail, code, cause: errorOf(failure), ...told });
  };
  switch (failure.code) {
    case 'missing-idempotency-key':
    case 'invalid-idempotency-key':
      return problem(failure.code, { detail: messageOf(failure.error) });
    case 'invalid-request':
      // Other errors are the application's own, such as those of its pipes, and it decides how they are answered.
      return failure.error instanceof IdempotencyError
        ? problem(failure.code, {
            detail: failure.error.message,
            ...(failure.error instanceof UnreadBodyError && { status: HttpStatus.UNSUPPORTED_MEDIA_TYPE }),
          })
        : failure.error;
    case 'in-progress':
      return problem(failure.code, { retryAfterSeconds: Math.max(1, Math.ceil(failure.remainingMs / 1000)) });
    case 'retries-exhausted':
      return problem(failure.code, { detail: exhausted(failure.attempts) });
    case 'idempotency-key-reused':
      return problem(failure.code);
    case 'lease-lost':
    case 'store-unavailable':
      return problem(failure.code, { retryAfterSeconds: 1 });
    case 'missing-timestamp':
    case 'work-failed':
    case 'outside-deduplication-window':
    case 'from-the-future':
      return errorOf(failure);
    default:
      return failure satisfies never;
  }
}

function exhausted(attempts: number): string {
  return `There were ${attempts}, and no more are made; whether the request had an effect is not known.`;
}
