import type { IdempotencyStore } from '../stores/idempotency-store';
import type { LocalMemoryOptions } from './local-memory';
import type { RunSettings } from './run-request';

/** Injection token of the engine's options; see the interface of the same name. */
export const EngineOptions = Symbol('EngineOptions');

export interface EngineOptions {
  readonly store: IdempotencyStore;
  /** How long a finished record answers duplicates, in seconds. Must be longer than the latest possible redelivery. */
  readonly ttlSeconds: number;
  /** How long a dead owner blocks its key, in milliseconds. Renewed while the handler runs, so it may be short. */
  readonly leaseMs: number;
  /**
   * How far the clocks of senders may be off, in milliseconds. A request from further in the future is rejected, and a
   * request counts as that much older when its age decides whether its key may have been forgotten. Where records live for
   * less than twice as long, finished keys are known for that much longer. Default: 0, and timestamps in the future
   * are not checked.
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
}

const NAME = /^[\x21-\x7E]{1,64}$/;
export const SCOPE_RULE = "scope must be 1 to 64 visible ASCII characters without ':', '{' and '}'";

/** A scope or tenant is part of a Redis key, so it may not contain the separators. */
export function isName(value: string): boolean {
  return NAME.test(value) && !/[:{}]/.test(value);
}

/** @throws Error naming every invalid setting */
export function checkEngine(
  options: Pick<EngineOptions, 'ttlSeconds' | 'leaseMs' | 'clockToleranceMs'>,
): void {
  const { clockToleranceMs = 0 } = options;
  throwIfWrong('IdempotencyModule', [
    ...wrongTimes(options),
    !(Number.isSafeInteger(clockToleranceMs) && clockToleranceMs >= 0) &&
      'clockToleranceMs must be a whole number from 0',
  ]);
}

/** @throws Error naming every invalid option of a single run */
export function checkRun(options: RunSettings & { readonly scope: string }): void {
  throwIfWrong('options of run()', [!isName(options.scope) && SCOPE_RULE, ...wrongTimes(options)]);
}

/** Checked at the start, because the store would reject such a time only after the effect, with the record. */
export function wrongTimes({ ttlSeconds, leaseMs }: Pick<RunSettings, 'ttlSeconds' | 'leaseMs'>) {
  return [
    ttlSeconds !== undefined && !isPositive(ttlSeconds) && 'ttlSeconds must be a whole number from 1',
    leaseMs !== undefined && !isPositive(leaseMs) && 'leaseMs must be a whole number from 1',
  ];
}

export function throwIfWrong(place: string, problems: readonly (string | false | undefined)[]): void {
  const wrong = problems.filter(Boolean);
  if (wrong.length > 0) throw new Error(`${place}: ${wrong.join('; ')}`);
}

function isPositive(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
