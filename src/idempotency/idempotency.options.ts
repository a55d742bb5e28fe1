import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import type { FailedWork } from './failure';
import type { FailureHandler, IncomingRequest } from './handlers/handler-kind';
import type { KeyLocation } from './idempotency-key';
import type { LocalMemoryOptions } from './local-memory';
import type { RunSettings } from './run-request';
import type { IdempotencyStore } from './store/idempotency-store';

/** Settings of the module, and defaults of every handler. */
export interface IdempotencyModuleOptions {
  readonly store: IdempotencyStore;
  /** How long a finished record answers duplicates, in seconds. Must be longer than the latest possible redelivery. */
  readonly ttlSeconds: number;
  /** How long a dead owner blocks its key, in milliseconds. Renewed while the handler runs, so it may be short. */
  readonly leaseMs: number;
  /**
   * How far the clocks of senders may be off, in milliseconds. A request from further in the future is rejected, and a
   * request counts as that much older when its age decides whether its key may have been forgotten. Where records live for
   * less than twice as long, finished keys are known for that much longer. Default: clocks agree, and the future is not
   * judged.
   */
  readonly clockToleranceMs?: number;
  /**
   * Answers duplicates of finished keys from the memory of this process. Off by default: other processes notice
   * `forget()` only when the time of their entry is over.
   */
  readonly localMemory?: LocalMemoryOptions;
  /**
   * Where a run takes place, in the application's own words, such as its trace. Called in the run's own asynchronous
   * context; stored in the record and told with each replay.
   */
  readonly origin?: () => string | undefined;
  /** Defaults of the handlers' own options. Options that belong to one handler alone cannot have one. */
  readonly handlers?: HandlerDefaults;
}

/**
 * Limits and spreads the attempts at a key. `request` is the object that is the request, such as the raw message.
 */
export interface AttemptPolicy<Request = unknown> {
  /** No attempt starts when the key has so many counted ones, not including those forgiven; undefined: no limit. */
  maxAttempts(request: Request): number | undefined;
  /**
   * How many attempts at its key do not count against the limit any more: those made before a person sent the request
   * again. They are forgiven to every request of the key, so that none is given up while another may still succeed. A number
   * larger than there were attempts is ignored.
   */
  forgivenAttempts?(request: Request): number | undefined;
  /** The option `uncounted`, where it depends on the request. */
  isUncounted?(request: Request, error: unknown): boolean;
  /** How long the key waits before the next attempt, in ms; undefined: not at all. The failure tells it as `retryInMs`. */
  backoffMs(request: Request, failed: FailedWork): number | undefined;
  /**
   * Since when it has waited on our side; undefined: it has not. Called for requests that are too old otherwise.
   *
   * @throws StoreUnavailableError if that is not known now
   */
  waitingSince(request: Request): Promise<Date | undefined>;
}

/** Reads the key of a request; an injectable, for keys that depend on more than the request. */
export interface KeyReader {
  /** @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError, or another error for which the request is rejected */
  keyOf(request: IncomingRequest): string | Promise<string>;
}

export type HandlerDefaults = Omit<IdempotentOptions, 'scope' | 'payload' | 'ttlSeconds' | 'leaseMs'>;

/**
 * What to do while another process works on the key. `onFailure`: the class in `onFailure` handles the delivery.
 * `reject`: the caller gets the error. With `waitMs` the answer is waited for that long first.
 */
export type WhenInProgress =
  'onFailure' | 'reject' | { readonly waitMs: number; readonly then: 'onFailure' | 'reject' };

/** Settings of one handler; `P` is the payload after the `payload` pipe, `R` what the handler returns. */
export interface IdempotentOptions<P = unknown, R = unknown> extends Omit<RunSettings, 'inProgressWaitMs'> {
  /** Keeps the keys of different kinds of work apart. Visible ASCII without colons and braces. */
  readonly scope: string;
  /** Where the key is, how to get it, or a provider that reads it. Default: the header `idempotency-key`. */
  readonly key?: KeyLocation | KeyReader['keyOf'] | Type<KeyReader>;
  /** Default `reject`; with `process` the handler also runs without a key, unprotected. */
  readonly whenKeyMissing?: 'reject' | 'process';
  /**
   * RabbitMQ only: rejects a message without the AMQP property `timestamp`. Its age is not known, so it may be older than
   * records live, and have been processed and forgotten. Default: it is taken.
   */
  readonly requireTimestamp?: boolean;
  /** Keeps the keys of tenants apart that may choose the same ones. The same rules as for `scope`. */
  readonly tenant?: (request: IncomingRequest) => string;
  /**
   * A pipe that turns the raw payload into what the handler works on; `@IdempotentPayload()` passes it. It runs before the
   * key is claimed, so a request that it rejects leaves no trace, and may be sent again, corrected.
   */
  readonly payload?: Type<PipeTransform<unknown, P>>;
  /**
   * Which part of the payload makes it the same request: property paths such as `order.id`, or a function. The same key
   * with another fingerprint is rejected. Default: all of it; `false` switches the check off.
   */
  readonly fingerprint?: readonly string[] | ((payload: P) => unknown) | false;
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
  /** HTTP only: response headers that are stored and replayed with the body. Default: `location`. */
  readonly replayHeaders?: readonly string[];
}

/** Whether the key is read by a provider: a class, not a plain function. */
export function isKeyReader(key: IdempotentOptions['key']): key is Type<KeyReader> {
  if (typeof key !== 'function') return false;
  const prototype: unknown = key.prototype;
  return typeof prototype === 'object' && prototype !== null && 'keyOf' in prototype;
}

/** Metadata key under which `@Idempotent()` stores its options. */
export const IDEMPOTENT_OPTIONS = Symbol('idempotent:options');

const NAME = /^[\x21-\x7E]{1,64}$/;
const SCOPE_RULE = "scope must be 1 to 64 visible ASCII characters without ':', '{' and '}'";

/** A scope or tenant is part of a Redis key, so it may not contain the separators. */
export function isName(value: string): boolean {
  return NAME.test(value) && !/[:{}]/.test(value);
}

/**
 * Checks each option of a handler on its own.
 *
 * @throws Error naming the handler and every wrong option
 */
export function checkOptions<P, R>(options: IdempotentOptions<P, R>, handler: string): void {
  const { scope, key, whenInProgress } = options;
  complainOf(`@Idempotent() on ${handler}`, [
    !isName(scope) && SCOPE_RULE,
    typeof key === 'object' && !key.header && !key.property && 'key must name a header or a property',
    typeof whenInProgress === 'object' &&
      !(whenInProgress.waitMs >= 0) &&
      'whenInProgress.waitMs must be 0 or more',
    ...wrongTimes(options),
  ]);
}

/** @throws Error naming every setting that the engine cannot work with */
export function checkModule(
  options: Pick<IdempotencyModuleOptions, 'ttlSeconds' | 'leaseMs' | 'clockToleranceMs'>,
): void {
  const { clockToleranceMs = 0 } = options;
  complainOf('IdempotencyModule', [
    ...wrongTimes(options),
    !(Number.isSafeInteger(clockToleranceMs) && clockToleranceMs >= 0) &&
      'clockToleranceMs must be a whole number from 0',
  ]);
}

/** @throws Error naming everything in the options of a single run that the engine cannot work with */
export function checkRun(options: RunSettings & { readonly scope: string }): void {
  complainOf('options of run()', [!isName(options.scope) && SCOPE_RULE, ...wrongTimes(options)]);
}

/** Checked at the start: the store would refuse such a time only when it stores the record, after the effect. */
function wrongTimes({ ttlSeconds, leaseMs }: Pick<RunSettings, 'ttlSeconds' | 'leaseMs'>) {
  return [
    ttlSeconds !== undefined && !isPositive(ttlSeconds) && 'ttlSeconds must be a whole number from 1',
    leaseMs !== undefined && !isPositive(leaseMs) && 'leaseMs must be a whole number from 1',
  ];
}

/**
 * Checks options that need each other: those of a handler with the module's defaults filled in.
 *
 * @throws Error naming the handler and every option that lacks another
 */
export function checkTogether(options: IdempotentOptions, handler: string): void {
  complainOf(`@Idempotent() on ${handler}`, [
    handsOver(options.whenInProgress) && !options.onFailure && "whenInProgress 'onFailure' needs `onFailure`",
    (options.serialize === undefined) !== (options.deserialize === undefined) &&
      'serialize and deserialize go together',
  ]);
}

function complainOf(place: string, complaints: readonly (string | false | undefined)[]): void {
  const wrong = complaints.filter(Boolean);
  if (wrong.length > 0) throw new Error(`${place}: ${wrong.join('; ')}`);
}

function handsOver(whenInProgress: WhenInProgress | undefined): boolean {
  return (
    whenInProgress === 'onFailure' ||
    (typeof whenInProgress === 'object' && whenInProgress.then === 'onFailure')
  );
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

export function optionsOf(execution: ExecutionContext): IdempotentOptions {
  const options = Reflect.getMetadata(IDEMPOTENT_OPTIONS, execution.getHandler()) as
    IdempotentOptions | undefined;
  if (!options) throw new Error(`${execution.getHandler().name} is not marked with @Idempotent()`);
  return options;
}
