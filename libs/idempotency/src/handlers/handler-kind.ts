import type { ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Failure } from '../engine/failure';
import type { RememberedFailure } from '../engine/outcome';
import type { ClaimedKey } from '../stores/idempotency-store';
import type { HandlerDefaults } from './idempotency.options';

/** What the engine needs from a request, for every kind of handler. */
export interface IncomingRequest {
  /** The object that is this one request, such as the raw message. */
  readonly source: object;
  readonly headers: unknown;
  readonly payload: unknown;
  /** When it was made, if its sender says so. */
  readonly requestedAt: Date | undefined;
}

/**
 * Decides what is done with a delivery that was not processed, and does it.
 *
 * @example
 * class OrderFailures implements FailureHandler<ConsumeMessage> {
 *   constructor(private readonly deadLetters: DeadLetters) {}
 *   async handle(message: ConsumeMessage, failure: Failure): Promise<'settled' | 'requeue'> {
 *     if (failure.code === 'store-unavailable') return 'requeue';
 *     await this.deadLetters.publish(message, failure.code); // until the broker has confirmed it
 *     return 'settled';
 *   }
 * }
 */
export interface FailureHandler<Delivery = unknown> {
  /**
   * Resolves with `settled` when a copy or a dead letter that replaces the delivery is safe, so that it can be
   * acknowledged; with `requeue` when it must go back to the broker. If it rejects, the framework gets the error, like
   * one of the handler.
   *
   * @param claimed the key that the request was for; undefined for a request that was rejected before its key was read
   */
  handle(delivery: Delivery, failure: Failure, claimed?: ClaimedKey): Promise<'settled' | 'requeue'>;
}

/** Who handles the failure, and the key that the request was for. */
interface FailureContext {
  readonly onFailure: FailureHandler | undefined;
  readonly claimed: ClaimedKey | undefined;
}

/** How one kind of NestJS handler is read and answered. */
export interface HandlerKind {
  /** The execution context's type, such as `http`. */
  readonly type: string;
  /** Which argument of the handler belongs to one request alone. */
  readonly argument: number;
  /** Whether a decorated method is such a handler. */
  isHandler(method: object): boolean;
  /** Called when the application is created, before it starts, with the module's defaults of the handlers' options. */
  attach?(modules: ModulesContainer, defaults: HandlerDefaults | undefined): void;
  /** @throws Error if the application's settings do not work with `@Idempotent()` on the handler of this name */
  check?(handler: string, modules: ModulesContainer): void;
  /** Whether its requests can say when they were made. */
  readonly hasTimestamp: boolean;
  /** @throws Error if the request cannot be read */
  request(execution: ExecutionContext): IncomingRequest;
  /** Turns what the handler returned into the record's result. */
  record(execution: ExecutionContext, returned: unknown, replayHeaders: readonly string[]): unknown;
  /** What the interceptor returns for a recorded result. */
  answer(execution: ExecutionContext, recorded: unknown, replayed: boolean): unknown;
  /** What the interceptor returns for a request without a result; throws if the framework expects that. */
  fail(
    execution: ExecutionContext,
    failure: Failure | RememberedFailure,
    context: FailureContext,
  ): Promise<unknown>;
  /** Called when the interceptor is through with a request; with what it threw, if it has no answer. */
  ended?(execution: ExecutionContext, thrown: unknown): void;
  /** Errors that prove that the handler had no effect. Default of its option `uncounted`. */
  readonly uncounted: (error: unknown) => boolean;
}
