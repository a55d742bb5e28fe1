import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IdempotencyContext as RunContext } from '../engine/run-context';
import type { ScopedKey } from '../stores/idempotency-store';

/** The context of a request that was answered from an earlier run, without the handler. */
export interface ReplayedContext extends ScopedKey {
  readonly replayed: true;
  /** Of the run that made the answer; see `IdempotencyModuleOptions.origin`. */
  readonly origin?: string | undefined;
}

/** What the interceptor provides for the parameter decorators, by the delivery or request that it belongs to. */
export interface HandlerInput {
  /** Undefined for a request without a key that is processed all the same. */
  readonly context: IdempotencyContext | ReplayedContext | undefined;
  readonly payload: unknown;
}

/** By the argument of the handler that belongs to one request alone. */
const inputs = new WeakMap<object, HandlerInput>();

export function provideHandlerInput(
  execution: ExecutionContext,
  argument: number,
  input: HandlerInput,
): void {
  inputs.set(execution.getArgByIndex<object>(argument), input);
}

/**
 * Parameter decorator: the {@link IdempotencyContext} of this run; undefined for a request without a key, where
 * `whenKeyMissing` is `process`.
 */
// The type has the decorator's name, so that a parameter reads "@IdempotencyContext() context: IdempotencyContext".
export type IdempotencyContext<Native = unknown> = RunContext<Native>;
export const IdempotencyContext = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => requireInput(execution).context,
);

/**
 * For interceptors around a decorated handler, and for its exception filters: the key and run that the answer belongs to.
 * Undefined until there is an answer, and for a request that was neither run nor replayed.
 */
export function idempotencyContextOf(
  execution: ExecutionContext,
): IdempotencyContext | ReplayedContext | undefined {
  return inputOf(execution)?.context;
}

/** Parameter decorator: the payload as the `payload` pipe of `@Idempotent()` made it. */
export const IdempotentPayload = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => requireInput(execution).payload,
);

function inputOf(execution: ExecutionContext): HandlerInput | undefined {
  for (const argument of execution.getArgs<unknown[]>()) {
    const input = typeof argument === 'object' && argument !== null ? inputs.get(argument) : undefined;
    if (input) return input;
  }
  return undefined;
}

function requireInput(execution: ExecutionContext): HandlerInput {
  const input = inputOf(execution);
  if (input) return input;
  throw new Error(
    `${execution.getClass().name}.${execution.getHandler().name} uses a parameter decorator that needs @Idempotent() on the method`,
  );
}
