import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { handlerKindOf } from './handlers';
import type { Lease } from './lease';
import type { Claim, ScopedKey } from './store/idempotency-store';

/** What a handler may know of its run; `@IdempotencyContext()` passes it. */
export interface IdempotencyContext extends ScopedKey {
  /** A handler does not run for a replay; interceptors around it see the other value, see {@link ReplayedContext}. */
  readonly replayed: false;
  /** Counted attempts at this key so far, including this one, over all processes. */
  readonly attempt: number;
  /** Grows with each claim of the key. A resource that remembers the largest one can refuse a stale owner. */
  readonly fencingToken: number;
  /** How long before this run the first attempt began, by the store's clock. */
  readonly sinceFirstAttemptMs: number;
  /**
   * Set if the request is so old that it may have been processed and forgotten, and was taken because it had waited on our
   * side: how long ago that may have been. Look for the effect before you repeat it.
   */
  readonly sinceForgottenMs: number | undefined;
  /** Aborted with a `LeaseLostError` when another consumer may have taken over. */
  readonly signal: AbortSignal;
  /** The remaining time of the lease. */
  readonly remainingMs: number;
  /**
   * Call right before an effect that cannot be undone: the process may have been frozen since the last line.
   *
   * @throws LeaseLostError
   */
  assertHeld(): void;
}

/** What is known of a request that was answered from an earlier run, without the handler. */
export interface ReplayedContext extends ScopedKey {
  readonly replayed: true;
  /** Of the run that made the answer; see `IdempotencyModuleOptions.origin`. */
  readonly origin?: string | undefined;
}

/** What the interceptor provides for the parameter decorators, by the delivery or request that it belongs to. */
interface HandlerInput {
  /** Undefined for a request without a key that is processed all the same. */
  readonly context: IdempotencyContext | ReplayedContext | undefined;
  readonly payload: unknown;
}

const inputs = new WeakMap<object, HandlerInput>();

export function provideHandlerInput(source: object, input: HandlerInput): void {
  inputs.set(source, input);
}

/**
 * Parameter decorator: the {@link IdempotencyContext} of this run; undefined for a request without a key, where
 * `whenKeyMissing` is `process`.
 */
export const IdempotencyContext = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => inputOf(execution).context,
);

/**
 * For interceptors around a decorated handler, and for its exception filters: the key and run that the answer belongs to.
 * Undefined until there is an answer, and for a request that was neither run nor replayed.
 */
export function idempotencyContextOf(
  execution: ExecutionContext,
): IdempotencyContext | ReplayedContext | undefined {
  return inputs.get(handlerKindOf(execution).source(execution))?.context;
}

/** Parameter decorator: the payload as the `payload` pipe of `@Idempotent()` made it. */
export const IdempotentPayload = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => inputOf(execution).payload,
);

/** The context of one run. A class, so that its getters are not created anew for each request. */
export class RunContext implements IdempotencyContext {
  readonly replayed = false;
  readonly scope: string;
  readonly key: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly sinceFirstAttemptMs: number;
  readonly sinceForgottenMs: number | undefined;

  constructor(
    { scope, key }: ScopedKey,
    { attempt, fencingToken, sinceFirstAttemptMs, sinceForgottenMs }: Claim,
    private readonly lease: Lease,
  ) {
    this.scope = scope;
    this.key = key;
    this.attempt = attempt;
    this.fencingToken = fencingToken;
    this.sinceFirstAttemptMs = sinceFirstAttemptMs;
    this.sinceForgottenMs = sinceForgottenMs;
  }

  get signal(): AbortSignal {
    return this.lease.signal;
  }

  get remainingMs(): number {
    return this.lease.remainingMs;
  }

  assertHeld(): void {
    this.lease.assertHeld();
  }
}

function inputOf(execution: ExecutionContext): HandlerInput {
  const input = inputs.get(handlerKindOf(execution).source(execution));
  if (!input) {
    throw new Error(
      `${execution.getClass().name}.${execution.getHandler().name} asks for what only @Idempotent() on the method provides`,
    );
  }
  return input;
}
