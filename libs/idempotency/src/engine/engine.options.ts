import type { IdempotencyStore, TransactionalStore } from '../stores/idempotency-store';
import type { LocalMemoryOptions } from './local-memory';
import { isName, NAME_RULE } from './names';
import type { RunSettings } from './run-request';
import type { Transactions } from './transactions';
import type { Outbox } from '../outbox/outbox';

/** Injection token of the engine's options; see the interface of the same name. */
export const EngineOptions = Symbol('EngineOptions');

export interface EngineOptions {
  readonly store: IdempotencyStore;
  /** For work with the option `transaction`: opens transactions in the database of the store. */
  readonly transactions?: Transactions;
  /**
   * For `IdempotencyContext.publish`: where messages wait, in the database of the transactions. The module starts and stops
   * an `OutboxRelay` with the application.
   */
  readonly outbox?: Outbox;
  /** How long a finished record answers duplicates, in seconds. Must be longer than the latest possible redelivery. */
  readonly ttlSeconds: number;
  /** How long a dead owner blocks its key, in milliseconds. Renewed while the handler runs, so it may be short. */
  readonly leaseMs: number;
  /**
   * How long one piece of work may take in all, in milliseconds, so that work that never ends is not waited for, and its
   * lease not renewed, for ever. After that its caller gets a `WorkTimeoutError`, `signal` is aborted, `assertHeld()` throws,
   * and a late result is not recorded. The attempt counts, and the error is remembered only where `rememberError` says so.
   *
   * The work itself cannot be stopped from outside: its effect may still happen. So the key is not free at once, but when
   * the rest of the lease is over (after `leaseMs` at the latest), which is the time that the work has to notice its signal.
   * Default: without a limit.
   */
  readonly maxWorkMs?: number;
  /**
   * How far the clocks of senders may be off, in milliseconds. A request from further in the future is rejected, and a
   * request counts as that much older when its age decides whether its key may have been forgotten. Where records live for
   * less than twice as long, finished keys are known for that much longer. Default: 0, and timestamps in the future
   * are not checked.
   */
  readonly clockToleranceMs?: number;
  /**
   * Answers duplicates of finished keys from the memory of this process. Off by default: other processes notice
   * `forget()` and `replaceResult()` only when the time of their entry is over.
   */
  readonly localMemory?: LocalMemoryOptions;
  /**
   * Where a run takes place, in the application's own words, such as its trace. Called in the run's own asynchronous
   * context; stored in the record and told with each replay.
   */
  readonly origin?: () => string | undefined;
}

export const SCOPE_RULE = `scope ${NAME_RULE}`;

/** @throws Error naming every invalid setting */
export function checkEngine(options: EngineOptions): void {
  const { store, transactions, outbox, clockToleranceMs, localMemory } = options;
  throwIfWrong('IdempotencyModule', [
    !isStore(store) && STORE_RULE,
    transactions && typeof transactions.run !== 'function' && TRANSACTIONS_RULE,
    transactions && isStore(store) && !isTransactional(store) && TRANSACTIONAL_STORE_RULE,
    outbox && typeof outbox.write !== 'function' && OUTBOX_RULE,
    outbox && !transactions && "outbox needs the option 'transactions'",
    ...wrongTimes(options),
    wrongNumber('clockToleranceMs', clockToleranceMs, 0),
    wrongNumber('localMemory.maxEntries', localMemory?.maxEntries, 1),
    wrongNumber('localMemory.ttlSeconds', localMemory?.ttlSeconds, 1),
  ]);
}

/** @throws Error naming every invalid option of a single run */
export function checkRun(options: RunSettings & { readonly scope: string }, defaults: EngineOptions): void {
  const {
    ttlSeconds = defaults.ttlSeconds,
    leaseMs = defaults.leaseMs,
    maxWorkMs,
    inProgressWaitMs,
  } = options;
  if (options.transaction) throwIfWrong('options of run()', [needsTransactions(defaults)]);
  // Called for every run: lists of problems are made only if there is one.
  const hasOwnTimes =
    'ttlSeconds' in options ||
    'leaseMs' in options ||
    maxWorkMs !== undefined ||
    inProgressWaitMs !== undefined;
  if (!hasOwnTimes && isName(options.scope)) return;
  throwIfWrong('options of run()', [
    !isName(options.scope) && SCOPE_RULE,
    ...wrongTimes({ ...options, ttlSeconds, leaseMs }),
  ]);
}

/**
 * What is wrong with times, each alone and together. Checked before any work: a timer that is too long fires at once, and
 * the store would reject a wrong life only after the effect, with the record.
 */
export function wrongTimes(
  settings: Pick<RunSettings, 'ttlSeconds' | 'leaseMs' | 'maxWorkMs' | 'inProgressWaitMs'>,
): (string | false | undefined)[] {
  const { ttlSeconds, leaseMs, maxWorkMs, inProgressWaitMs } = settings;
  return [
    wrongNumber('ttlSeconds', ttlSeconds, 1),
    wrongNumber('leaseMs', leaseMs, 1),
    wrongNumber('maxWorkMs', maxWorkMs, 1),
    wrongNumber('inProgressWaitMs', inProgressWaitMs, 0),
    leaseMs !== undefined &&
      ttlSeconds !== undefined &&
      leaseMs > ttlSeconds * 1000 &&
      `leaseMs (${leaseMs} ms) must not be longer than ttlSeconds (${ttlSeconds} s), the life of the record`,
  ];
}

/** The longest time of a timer in ms, 24.8 days; as seconds, 68 years. */
const GREATEST = 2 ** 31 - 1;

function wrongNumber(name: string, value: number | undefined, least: 0 | 1): string | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= GREATEST))
    return undefined;
  return `${name} must be a whole number from ${least} to ${GREATEST}, not ${String(value)}`;
}

const STORE_METHODS = [
  'begin',
  'complete',
  'extend',
  'loadSteps',
  'saveSteps',
  'replaceRecord',
  'release',
  'find',
  'forget',
  'probe',
] satisfies (keyof IdempotencyStore)[];
const STORE_RULE =
  'store must be an IdempotencyStore, such as new RedisIdempotencyStore(redis) of nestjs-idempotent/redis';

function isStore(store: unknown): store is IdempotencyStore {
  if (typeof store !== 'object' || store === null) return false;
  return STORE_METHODS.every((method) => typeof Reflect.get(store, method) === 'function');
}

const TRANSACTIONS_RULE =
  'transactions must be an adapter, such as pgTransactions(pool) of nestjs-idempotent/postgres';
const OUTBOX_RULE =
  'outbox must be an outbox, such as new OutboxRelay(pool, { publish }) of nestjs-idempotent/postgres';
const TRANSACTIONAL_STORE_RULE =
  'transactions need a store in the same database, such as new PostgresIdempotencyStore(pool) of nestjs-idempotent/postgres';

/** What is missing for the option `transaction` of a handler or run. */
export function needsTransactions({ transactions }: Pick<EngineOptions, 'transactions'>): string | undefined {
  return transactions ? undefined : "transaction: true needs the module's option 'transactions'";
}

export function isTransactional(store: IdempotencyStore): store is TransactionalStore {
  return 'completeIn' in store && 'limitIdleTime' in store && 'isRepeatable' in store;
}

export function throwIfWrong(place: string, problems: readonly (string | false | undefined)[]): void {
  const wrong = problems.filter(Boolean);
  if (wrong.length > 0) throw new Error(`${place}: ${wrong.join('; ')}`);
}
