import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { KeyLocation } from './idempotency-key';
import type { IdempotencyStore } from './store/idempotency-store';
import type { UnprocessedHandler } from './outcome';

/** Settings of the module, and defaults of every handler. */
export interface IdempotencyModuleOptions {
  readonly store: IdempotencyStore;
  /** How long a finished record answers duplicates, in seconds. Must outlive the latest possible redelivery. */
  readonly ttlSeconds: number;
  /** How long a dead owner blocks its key, in milliseconds. Renewed while the handler runs, so it may be short. */
  readonly leaseMs: number;
}

/** Settings of one handler; `P` is the payload after `payload`. */
export interface IdempotentOptions<P = unknown> {
  /** Keeps the keys of different kinds of work apart. Visible ASCII without colons and braces. */
  readonly scope: string;
  /** Where the key is. Default: the header `idempotency-key`. */
  readonly key?: KeyLocation;
  /**
   * A pipe that turns the raw payload into what the handler works on; `@IdempotentPayload()` hands it over. It runs
   * before the key is claimed, so that a request which it refuses leaves no trace and may be sent again, corrected.
   */
  readonly payload?: Type<PipeTransform<unknown, P>>;
  /**
   * What of the payload makes it the same request; the same key with another fingerprint is refused. Default: all of
   * it; `false` switches the check off.
   */
  readonly fingerprint?: ((payload: P) => unknown) | false;
  /** How long to wait for another process's answer before the delivery counts as busy, in ms. Default 0. */
  readonly busyWaitMs?: number;
  /** Errors after which the acquisition does not count as an attempt. Default: none. */
  readonly excuse?: (error: unknown) => boolean;
  /** Decides what becomes of deliveries that were not processed. Default: the typed error is thrown. */
  readonly unprocessed?: Type<UnprocessedHandler>;
}

/** Metadata key under which `@Idempotent()` leaves its options. */
export const IDEMPOTENT_OPTIONS = Symbol('idempotent:options');

const SCOPE = /^[\x21-\x7E]{1,64}$/;

/**
 * Checks a handler's options.
 *
 * @throws Error naming the handler and every wrong option
 */
export function checkOptions<P>(options: IdempotentOptions<P>, handler: string): void {
  const wrong = [
    (!SCOPE.test(options.scope) || /[:{}]/.test(options.scope)) &&
      `scope must be 1 to 64 visible ASCII characters without ':', '{' and '}'`,
    options.key && !options.key.header && !options.key.property && `key must name a header or a property`,
    options.busyWaitMs !== undefined && !(options.busyWaitMs >= 0) && `busyWaitMs must be 0 or more`,
  ].filter(Boolean);
  if (wrong.length > 0) throw new Error(`@Idempotent() on ${handler}: ${wrong.join('; ')}`);
}

export function optionsOf(execution: ExecutionContext): IdempotentOptions {
  const options = Reflect.getMetadata(IDEMPOTENT_OPTIONS, execution.getHandler()) as
    IdempotentOptions | undefined;
  if (!options) throw new Error(`${execution.getHandler().name} is not marked with @Idempotent()`);
  return options;
}
