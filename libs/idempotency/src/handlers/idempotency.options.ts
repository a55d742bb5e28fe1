import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { FailedWork } from '../engine/failure';
import type { FailureHandler, IncomingRequest } from './incoming-request';
import type { KeyLocation } from '../engine/idempotency-key';
import type { RunSettings } from '../engine/run-request';

/**
 * Limits and spreads the attempts at a key. `request` is the object that is the request, such as the raw message.
 *
 * @example
 * class OrderAttempts implements AttemptPolicy<ConsumeMessage> {
 *   maxAttempts() { return 5; }
 *   backoffMs(_: ConsumeMessage, { attempt }: FailedWork) { return 1_000 * 2 ** attempt; }
 *   async waitingSince() { return undefined; }
 * }
 */
export interface AttemptPolicy<Request = unknown> {
  /** No attempt starts once the key has this many counted ones, not including those forgiven; undefined: no limit. */
  maxAttempts(request: Request): number | undefined;
  /**
   * How many attempts at its key no longer count against the limit: those made before an operator sent the request again.
   * They are forgiven to every request of the key, so that none is given up while another may still succeed. A number
   * larger than the attempts so far is ignored. Default: none.
   */
  forgivenAttempts?(request: Request): number | undefined;
  /** The option `uncounted`, where it depends on the request. */
  isUncounted?(request: Request, error: unknown): boolean;
  /** How long the key waits before the next attempt, in ms; undefined: not at all. The failure has it as `retryInMs`. */
  backoffMs(request: Request, failed: FailedWork): number | undefined;
  /**
   * Since when the request has waited on our side; undefined: it has not. Called only for requests that are too old
   * otherwise.
   *
   * @throws StoreUnavailableError if that cannot be found out now
   */
  waitingSince(request: Request): Promise<Date | undefined>;
}

/**
 * Reads the key of a request; an injectable, for keys that depend on more than the request.
 *
 * @example
 * class OrderKeys implements KeyReader {
 *   constructor(private readonly partners: Partners) {}
 *   keyOf({ headers, payload }: IncomingRequest) { return this.partners.keyFrom(headers, payload); }
 * }
 */
export interface KeyReader {
  /** @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError, or another error for which the request is rejected */
  keyOf(request: IncomingRequest): string | Promise<string>;
}

/** Options of `@Idempotent()` that the module can set for all handlers; the options of a handler come first. */
export type HandlerDefaults = Omit<
  IdempotentOptions,
  'scope' | 'payload' | 'ttlSeconds' | 'leaseMs' | 'maxWorkMs'
>;

/**
 * What to do while another process works on the key. `onFailure`: the class in `onFailure` handles the delivery.
 * `reject`: the caller gets the error. With `waitMs`, the request first waits that long (ms) for the answer.
 */
export type WhenInProgress =
  'onFailure' | 'reject' | { readonly waitMs: number; readonly then: 'onFailure' | 'reject' };

/** Settings of one handler; `P` is the payload after the `payload` pipe, `R` what the handler returns. */
export interface IdempotentOptions<P = unknown, R = unknown> extends Omit<RunSettings, 'inProgressWaitMs'> {
  /**
   * Keeps the keys of different kinds of work apart. 1 to 64 visible ASCII characters without colons and braces; no two
   * handlers may have the same. Default: class and method, such as `OrdersController.place`.
   */
  readonly scope?: string;
  /**
   * Where the key is, how to get it, or a provider that reads it. Default: the header `idempotency-key`. Over HTTP, the case
   * of a header's name does not matter, and a quoted key is the same as the bare one.
   */
  readonly key?: KeyLocation | KeyReader['keyOf'] | Type<KeyReader>;
  /** Default `reject`; with `process` the handler also runs without a key, unprotected. */
  readonly whenKeyMissing?: 'reject' | 'process';
  /**
   * RabbitMQ only: rejects a message without the AMQP property `timestamp`. Its age is not known, so it may be older than
   * records live, and have been processed and forgotten. Default: it is accepted.
   */
  readonly requireTimestamp?: boolean;
  /**
   * Keeps the keys of tenants (customers, users) apart that may choose the same ones: 1 to 255 characters of any kind. A
   * request for which it returns nothing is rejected with a {@link MissingTenantError}.
   */
  readonly tenant?: (request: IncomingRequest) => string | undefined;
  /**
   * A pipe that turns the raw payload into what the handler gets as `@IdempotentPayload()`. It runs before the key is
   * claimed, so nothing is stored for a request that it rejects, and the request may be corrected and sent again.
   */
  readonly payload?: Type<PipeTransform<unknown, P>>;
  /**
   * Which part of the payload makes it the same request: property paths such as `order.id` (`order.note?` if it may be
   * missing), or a function that returns JSON. A request with the same key and another fingerprint is rejected. Default: all
   * of it, over HTTP with uploaded files. Over HTTP, method, path and query are always compared as well. `false` switches
   * the check off.
   */
  readonly fingerprint?: readonly string[] | ((payload: P, request: IncomingRequest) => unknown) | false;
  /** Default `onFailure` if the handler has that option, else `reject`. */
  readonly whenInProgress?: WhenInProgress;
  /** Turns the result into JSON for the record. Default: as it is. */
  readonly serialize?: (result: R) => unknown;
  /** Turns the record's JSON back. Default: as it is. */
  readonly deserialize?: (stored: unknown) => R;
  /** Limits and spreads the attempts. Default: any number of them, each as soon as the request comes again. */
  readonly attempts?: Type<AttemptPolicy>;
  /** Handles deliveries that were not processed. Default: the typed error is thrown. */
  readonly onFailure?: Type<FailureHandler>;
}

/** Whether the key is read by a provider: a class, not a plain function. */
export function isKeyReader(key: IdempotentOptions['key']): key is Type<KeyReader> {
  if (typeof key !== 'function') return false;
  const prototype: unknown = key.prototype;
  return typeof prototype === 'object' && prototype !== null && 'keyOf' in prototype;
}

/** Metadata key under which `@Idempotent()` stores its options. */
export const IDEMPOTENT_OPTIONS = Symbol('idempotent:options');

/** The options of a decorated handler, without the module's defaults. */
export function optionsOf(execution: ExecutionContext): IdempotentOptions {
  const options = Reflect.getMetadata(IDEMPOTENT_OPTIONS, execution.getHandler()) as
    IdempotentOptions | undefined;
  if (!options) throw new Error(`${execution.getHandler().name} is not marked with @Idempotent()`);
  return options;
}

/** Of the class that was instantiated, so that two classes which inherit a handler do not share a scope. */
export function scopeOf(
  { name }: { readonly name: string },
  handler: { readonly name: string },
  { scope = `${name}.${handler.name}` }: IdempotentOptions,
): string {
  return scope;
}
