import type { ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { Failure } from '../engine/failure';
import type { Outcome } from '../engine/outcome';
import type { ClaimedKey } from '../stores/idempotency-store';
import type { HandlerDefaults, IdempotentOptions } from './idempotency.options';

/** What the engine needs from a request, for every kind of handler. */
export interface IncomingRequest {
  /** The object that is this one request, such as the raw message or the request of Express or Fastify. */
  readonly source: object;
  readonly headers: unknown;
  readonly payload: unknown;
  /** When it was made, if its sender says so. */
  readonly requestedAt: Date | undefined;
  /** What is asked for, besides the payload, such as method, path and query. A key belongs to one of it. */
  readonly target?: unknown;
  /**
   * What is sent beside the payload, such as uploaded files. Part of the same content, unless `fingerprint` names another.
   *
   * @throws Error if the content has not been read
   */
  readonly attachments?: () => Promise<unknown>;
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

/** One call of a decorated handler, and the parts to answer it with. */
export interface HandlerCall {
  readonly execution: ExecutionContext;
  readonly options: IdempotentOptions;
  /** Reads the request; resolves with the failure if it is rejected. Nothing is claimed yet. */
  read(): Promise<Failure | undefined>;
  /** Whether the request has a key. One without may be processed all the same, unprotected. */
  readonly hasKey: boolean;
  /** Runs the handler itself, with its pipes. */
  handle(): Promise<unknown>;
  /** Does the work under the key; what it resolves with is the record's result. `isFinal`: whether it is recorded. */
  run(work: () => Promise<unknown>, isFinal?: () => boolean): Promise<Outcome<unknown>>;
  /** Who handles the failure, and the key that the request was for. */
  failureContext(failure: Failure): FailureContext;
  /** See `IdempotencyModuleOptions.problemType`. */
  readonly problemType: string | undefined;
}

export interface FailureContext {
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
  /** @throws Error if `@Idempotent()` cannot work on this handler, or with the application's settings */
  check?(handler: CheckedHandler, modules: ModulesContainer): void;
  /** Whether its requests can say when they were made. */
  readonly hasTimestamp: boolean;
  /** Whether names of headers are the same in upper and lower case, and quoted keys the same as bare ones. */
  readonly hasHttpHeaders?: boolean;
  /**
   * For a framework that passes several requests to a handler in one call. Calls `handle` once for each, after it has
   * changed the execution's arguments to that one. Undefined for a call with a single request.
   */
  each?(execution: ExecutionContext, handle: () => Promise<unknown>): Promise<unknown> | undefined;
  /** @throws Error if the request cannot be read */
  request(execution: ExecutionContext): IncomingRequest | Promise<IncomingRequest>;
  /** Processes a call, and resolves with what the interceptors around the handler get. */
  respond(call: HandlerCall): Promise<Observable<unknown>>;
  /** Errors that prove that the handler had no effect. Default of its option `uncounted`. */
  readonly uncounted: (error: unknown) => boolean;
}

/** A decorated method, as the checks at the start see it. */
export interface CheckedHandler {
  /** Class and method, for messages. */
  readonly name: string;
  readonly type: { readonly name: string };
  readonly methodName: string;
  readonly method: { readonly name: string };
  readonly options: IdempotentOptions;
}
