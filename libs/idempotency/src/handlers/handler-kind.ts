import type { ExecutionContext } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Observable } from 'rxjs';
import type { Failure } from '../engine/failure';
import type { Outcome } from '../engine/outcome';
import type { ClaimedKey } from '../stores/idempotency-store';
import type { FailureHandler, IncomingRequest } from './incoming-request';
import type { HandlerDefaults, IdempotentOptions } from './idempotency.options';

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
  /** Does the work under the key. The record's result is what `serialize` makes of that of the work. */
  run<T>(work: () => Promise<T>, how?: CallSettings<T>): Promise<Outcome<T, unknown>>;
  /** Whether the handler is called again after this error, because the database has refused its transaction. */
  isRepeated(error: unknown): boolean;
  /** Who handles the failure, and the key that the request was for. */
  failureContext(failure: Failure): FailureContext;
  /** See `IdempotencyModuleOptions.problemType`. */
  readonly problemType: string | undefined;
}

export interface CallSettings<T> {
  /** Whether the result is recorded, as the option `rememberResult`. */
  readonly isFinal?: ((result: unknown) => boolean) | undefined;
  readonly serialize?: ((result: T) => unknown) | undefined;
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
  /** Called once when the application starts, when all its providers exist and before it handles requests. */
  start?(modules: ModulesContainer): Promise<void>;
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
