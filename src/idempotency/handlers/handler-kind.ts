import type { ExecutionContext } from '@nestjs/common';
import type { UnprocessedHandler, Unprocessed } from '../outcome';

/** What the engine needs of a request, wherever it came from. */
export interface IncomingRequest {
  /** The object that is this one request, such as the raw message. */
  readonly source: object;
  readonly headers: unknown;
  readonly payload: unknown;
  /** When it was made, where the sender says so. */
  readonly requestedAt: Date | undefined;
}

/** How one kind of NestJS handler is read and answered. */
export interface HandlerKind {
  /** @throws what makes the request unreadable */
  request(execution: ExecutionContext): IncomingRequest;
  /** What the interceptor returns for a result, made now or stored before. */
  answer(execution: ExecutionContext, result: unknown): unknown;
  /** What the interceptor returns for a request that was not processed; throws where the framework wants that. */
  decline(
    execution: ExecutionContext,
    outcome: Unprocessed,
    handler: UnprocessedHandler | undefined,
  ): Promise<unknown>;
}
