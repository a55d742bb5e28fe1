import type { ExecutionContext } from '@nestjs/common';
import type { FinalError, Failure, FailureHandler } from '../outcome';
import type { ClaimedKey } from '../store/idempotency-store';

/** What the engine needs of a request, wherever it came from. */
export interface IncomingRequest {
  /** The object that is this one request, such as the raw message. */
  readonly source: object;
  readonly headers: unknown;
  readonly payload: unknown;
  /** When it was made, where the sender says so. */
  readonly requestedAt: Date | undefined;
}

/** Where a request without a result goes, and what it asked for. */
interface DeclinedTo {
  readonly onFailure: FailureHandler | undefined;
  readonly claimed: ClaimedKey | undefined;
}

/** How one kind of NestJS handler is read and answered. */
export interface HandlerKind {
  /** Whether its requests can say when they were made. */
  readonly hasTimestamp: boolean;
  /** @throws what makes the request unreadable */
  request(execution: ExecutionContext): IncomingRequest;
  /** Makes the record's result of what the handler returned. */
  record(execution: ExecutionContext, returned: unknown, replayHeaders: readonly string[]): unknown;
  /** What the interceptor returns for a recorded result. */
  answer(execution: ExecutionContext, recorded: unknown, replayed: boolean): unknown;
  /** What the interceptor returns for a request without a result; throws where the framework wants that. */
  decline(execution: ExecutionContext, outcome: Failure | FinalError, to: DeclinedTo): Promise<unknown>;
  /** Errors that prove that nothing has happened, where the handler's own options do not say. */
  readonly uncounted: (error: unknown) => boolean;
}
