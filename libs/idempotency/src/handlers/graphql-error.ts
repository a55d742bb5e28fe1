import { errorOf, messageOf, type Failure } from '../engine/failure';

/** What a client sees of a failure, in `extensions` of the GraphQL error. */
interface GraphqlExtensions {
  /** Such as `IDEMPOTENCY_KEY_REUSED`. */
  readonly code: string;
  /** The status that the same failure has over HTTP. */
  readonly status: number;
  /** When to repeat the mutation with the same key; undefined if that does not help. */
  readonly retryAfterSeconds?: number;
}

/**
 * A mutation was not processed because of its idempotency key. Every server of GraphQL passes the property `extensions` of
 * an error on to the client.
 */
export class GraphqlIdempotencyError extends Error {
  constructor(
    message: string,
    readonly extensions: GraphqlExtensions,
  ) {
    super(message);
    this.name = 'GraphqlIdempotencyError';
  }
}

/** The error that a client gets for a failure. */
export function graphqlErrorOf(failure: Failure): unknown {
  switch (failure.code) {
    case 'missing-idempotency-key':
      return new GraphqlIdempotencyError(messageOf(failure.error), {
        code: 'MISSING_IDEMPOTENCY_KEY',
        status: 400,
      });
    case 'invalid-idempotency-key':
      return new GraphqlIdempotencyError(messageOf(failure.error), {
        code: 'INVALID_IDEMPOTENCY_KEY',
        status: 400,
      });
    case 'in-progress':
      return new GraphqlIdempotencyError(
        'a mutation with the same idempotency key is in progress; repeat this one to get its answer',
        {
          code: 'IDEMPOTENCY_KEY_IN_PROGRESS',
          status: 409,
          retryAfterSeconds: Math.max(1, Math.ceil(failure.remainingMs / 1000)),
        },
      );
    case 'idempotency-key-reused':
      return new GraphqlIdempotencyError(
        'the idempotency key was used before for another mutation, alias or arguments; a new request needs a new key',
        { code: 'IDEMPOTENCY_KEY_REUSED', status: 422 },
      );
    case 'retries-exhausted':
      return new GraphqlIdempotencyError(
        `all ${failure.attempts} attempts at this idempotency key have failed, and no more are made; whether the ` +
          'mutation had an effect is not known',
        { code: 'IDEMPOTENCY_RETRIES_EXHAUSTED', status: 409 },
      );
    case 'lease-lost':
    case 'store-unavailable':
      return new GraphqlIdempotencyError(
        'the outcome of this mutation is not known; repeat it with the same idempotency key to find out',
        { code: 'IDEMPOTENCY_OUTCOME_UNKNOWN', status: 503, retryAfterSeconds: 1 },
      );
    case 'missing-timestamp':
    case 'invalid-request':
    case 'work-failed':
    case 'outside-deduplication-window':
    case 'from-the-future':
      return errorOf(failure);
    default:
      return failure satisfies never;
  }
}
